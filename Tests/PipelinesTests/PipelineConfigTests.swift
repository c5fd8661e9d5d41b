import ApusPipelines
import ApusTensors
import Testing

@Suite struct PipelineConfigTests {
  @Test func formatsByTheirNames() {
    #expect(PipelineConfig.format(named: "float32") == .float32)
    #expect(PipelineConfig.format(named: "BF16") == .bfloat16)
    #expect(PipelineConfig.format(named: "half") == .float16)
    #expect(PipelineConfig.format(named: "q4_1") == .quantized(.q4_1))
    #expect(PipelineConfig.format(named: "q9") == nil)
  }

  @Test func theCacheFollowsTheEncoding() {
    var config = PipelineConfig(modelPath: "model")
    #expect(config.cacheFormat == .bfloat16)
    config.encoding = .float32
    #expect(config.cacheFormat == .float32)
    config.kvCacheFormat = .float16
    #expect(config.cacheFormat == .float16)
  }
}
