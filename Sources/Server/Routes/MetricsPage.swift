import ApusEngine
import Hummingbird

/// `GET /metrics`: the engine's counters in Prometheus' text format 0.0.4.
struct MetricsPage {
  let model: ServedModel

  @Sendable func get(_ request: Request, _ context: ServerContext) async throws -> Response {
    Response(
      status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: Self.text(model.engine.metrics))))
  }

  static func text(_ metrics: EngineMetrics) -> String {
    var page = PrometheusText()
    page.gauge("apus_requests_running", "Requests in the batch.", metrics.requestsRunning)
    page.gauge("apus_requests_waiting", "Requests in the queue.", metrics.requestsWaiting)
    page.counter("apus_engine_steps_total", "Steps of the engine.", metrics.steps)
    page.counter("apus_prompt_tokens_total", "Prompt tokens computed.", metrics.promptTokens)
    page.counter("apus_generated_tokens_total", "Tokens drawn.", metrics.generatedTokens)
    page.counter(
      "apus_prefill_chunks_total", "Parts of prompts that one step did not finish.",
      metrics.prefillChunks)
    page.histogram("apus_batch_size", "Requests of one step.", metrics.batchSize)
    page.gauge("apus_batch_size_peak", "Most requests of one step.", metrics.batchSize.peak)
    page.gauge("apus_cache_pages", "Pages of the cache.", metrics.cachePages)
    page.gauge(
      "apus_cache_pages_free",
      "Pages that no request holds: free ones, and those that are only kept for later prompts.",
      metrics.cachePagesFree)
    page.counter(
      "apus_prefix_cache_hit_tokens_total",
      "Tokens that were not computed because the cache had them.", metrics.prefixHitTokens)
    page.counter(
      "apus_preemptions_total",
      "Times that a request gave its pages to older ones, to be computed again.",
      metrics.preemptions)
    page.counter(
      "apus_cache_evictions_total", "Pages kept for later prompts that were given up.",
      metrics.cacheEvictions)
    aliases(metrics, &page)
    return page.text
  }

  /// The names that gateways and autoscalers read.
  private static func aliases(_ metrics: EngineMetrics, _ page: inout PrometheusText) {
    page.gauge("vllm:num_requests_running", "Requests in the batch.", metrics.requestsRunning)
    page.gauge("vllm:num_requests_waiting", "Requests in the queue.", metrics.requestsWaiting)
    let held = metrics.cachePages - metrics.cachePagesFree
    page.gauge(
      "vllm:kv_cache_usage_perc", "Part of the pages that requests hold, 0 to 1.",
      metrics.cachePages > 0 ? Double(held) / Double(metrics.cachePages) : 0)
    page.gauge(
      "vllm:cache_config_info", "Sizes of the cache, as labels.", 1,
      labels: [
        ("block_size", "\(metrics.cachePageSize)"), ("num_gpu_blocks", "\(metrics.cachePages)"),
      ])
  }
}

/// Builds a page of Prometheus' text format.
struct PrometheusText {
  private(set) var text = ""

  /// - Parameter labels: names and values that need no escapes
  mutating func gauge(
    _ name: String, _ help: String, _ value: Int, labels: [(name: String, value: String)] = []
  ) {
    metric(name, help, "gauge")
    let list = labels.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ",")
    text += "\(name)\(list.isEmpty ? "" : "{\(list)}") \(value)\n"
  }

  mutating func gauge(_ name: String, _ help: String, _ value: Double) {
    metric(name, help, "gauge")
    text += "\(name) \(value)\n"
  }

  mutating func counter(_ name: String, _ help: String, _ value: Int) {
    metric(name, help, "counter")
    text += "\(name) \(value)\n"
  }

  mutating func histogram(_ name: String, _ help: String, _ histogram: BatchSizeHistogram) {
    metric(name, help, "histogram")
    var cumulative = 0
    for (bound, count) in zip(BatchSizeHistogram.bounds, histogram.counts) {
      cumulative += count
      text += "\(name)_bucket{le=\"\(bound)\"} \(cumulative)\n"
    }
    text += "\(name)_bucket{le=\"+Inf\"} \(histogram.count)\n"
    text += "\(name)_sum \(histogram.sum)\n\(name)_count \(histogram.count)\n"
  }

  private mutating func metric(_ name: String, _ help: String, _ type: String) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
  }
}
