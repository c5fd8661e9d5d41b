import ApusJSON
import Testing

/// Probes, the list of models, and the metrics page.
@Suite struct ProbeTests {
  @Test func probesAndModels() async throws {
    try await withServer(.fake()) { server async throws in
      #expect(try await server.call("GET", "/health").status == 200)
      #expect(try await server.call("GET", "/ready").status == 200)
      #expect(try await server.call("GET", "/version").json == ["version": "1.2.3"])
      let models = try await server.call("GET", "/v1/models")
      #expect(models.json?["object"] == "list")
      let entry = try #require(models.json?["data"]?[0])
      #expect(entry["id"] == "fake" && entry["object"] == "model")
      #expect(entry["created"] == 1_700_000_000 && entry["max_model_len"] == 96)
      #expect(try await server.call("GET", "/v1/models/fake").json == entry)
      #expect(try await server.call("GET", "/v1/models/f%61ke").json == entry)
      let other = try await server.call("GET", "/v1/models/org/other")
      #expect(other.status == 404 && other.errorCode == "model_not_found")
      #expect(other.errorMessage.contains("org/other"))
    }
  }

  @Test func headAnswersAsGetWithoutABody() async throws {
    try await withServer(.fake()) { server async throws in
      for path in ["/health", "/ready", "/metrics", "/v1/models"] {
        let reply = try await server.call("HEAD", path)
        #expect(reply.status == 200 && reply.body.isEmpty)
      }
    }
  }

  static let names = [
    "apus_requests_running", "apus_requests_waiting", "apus_engine_steps_total",
    "apus_prompt_tokens_total", "apus_generated_tokens_total", "apus_prefill_chunks_total",
    "apus_batch_size", "apus_batch_size_peak", "apus_cache_pages", "apus_cache_pages_free",
    "apus_prefix_cache_hit_tokens_total", "apus_preemptions_total", "apus_cache_evictions_total",
    "vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:kv_cache_usage_perc",
    "vllm:cache_config_info",
  ]

  @Test func metricsAreThoseOfTheDocumentation() async throws {
    try await withServer(.fake()) { server async throws in
      // 90 prompt tokens do not fit into a step of 64.
      let prompt = JSONValue.string(String(repeating: "a", count: 89))
      _ = try await server.complete(["prompt": prompt, "max_tokens": 3, "ignore_eos": true])
      let reply = try await server.call("GET", "/metrics")
      #expect(reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
      let (types, samples) = try Self.parsed(reply.text)
      #expect(types.map(\.name) == Self.names)
      for (name, type) in types {
        let isCounter = name.hasSuffix("_total")
        let expected = name == "apus_batch_size" ? "histogram" : isCounter ? "counter" : "gauge"
        #expect(type == expected, "\(name)")
      }
      #expect(samples["apus_prompt_tokens_total"] == 90)
      #expect(samples["apus_generated_tokens_total"] == 3)
      #expect(samples["apus_prefill_chunks_total"] == 1)
      #expect(samples["apus_engine_steps_total"] == 4)
      #expect(samples["apus_batch_size_peak"] == 1)
      #expect(samples["apus_batch_size_count"] == 4 && samples["apus_batch_size_sum"] == 4)
      #expect(samples["apus_batch_size_bucket{le=\"1\"}"] == 4)
      #expect(samples["apus_batch_size_bucket{le=\"+Inf\"}"] == 4)
      #expect(samples["apus_cache_pages"] == 64 && samples["apus_cache_pages_free"] == 64)
      #expect(samples["apus_requests_running"] == 0 && samples["apus_requests_waiting"] == 0)
      #expect(samples["apus_prefix_cache_hit_tokens_total"] == 0)
      #expect(samples["apus_preemptions_total"] == 0 && samples["apus_cache_evictions_total"] == 0)
      #expect(samples["vllm:kv_cache_usage_perc"] == 0)
      #expect(
        samples["vllm:cache_config_info{block_size=\"8\",num_gpu_blocks=\"64\"}"] == 1)
    }
  }

  /// Every line is a comment with help or type, or a sample of the metric named before it.
  private static func parsed(
    _ text: String
  ) throws -> (types: [(name: String, type: String)], samples: [String: Double]) {
    var types: [(name: String, type: String)] = []
    var samples: [String: Double] = [:]
    #expect(text.hasSuffix("\n"))
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ").map(String.init)
      if words[0] == "#" {
        #expect(words[1] == "HELP" || words[1] == "TYPE")
        if words[1] == "TYPE" { types.append((words[2], words[3])) }
        continue
      }
      try #require(words.count == 2)
      #expect(types.last.map { words[0].hasPrefix($0.name) } == true, "\(line)")
      #expect(samples.updateValue(try #require(Double(words[1])), forKey: words[0]) == nil)
    }
    return (types, samples)
  }
}
