import ApusDevices
import Testing

struct ProcessorQuotaTests {
  @Test func version2() {
    #expect(ProcessorQuota.version2("150000 100000\n") == 1.5)
    #expect(ProcessorQuota.version2("50000 100000") == 0.5)
    #expect(ProcessorQuota.version2("400000") == 4)
    #expect(ProcessorQuota.version2("max 100000\n") == nil)
    #expect(ProcessorQuota.version2("") == nil)
    #expect(ProcessorQuota.version2("100000 0") == nil)
  }

  @Test func version1() {
    #expect(ProcessorQuota.version1(quota: "300000\n", period: "100000\n") == 3)
    #expect(ProcessorQuota.version1(quota: "-1\n", period: "100000\n") == nil)
    #expect(ProcessorQuota.version1(quota: "x", period: "100000") == nil)
  }

  @Test func groups() {
    let mixed = "12:memory:/a\n4:cpu,cpuacct:/kube/pod:1\n0::/system.slice/x\n"
    #expect(ProcessorQuota.groups(mixed).version1 == "/kube/pod:1")
    #expect(ProcessorQuota.groups(mixed).version2 == "/system.slice/x")
    #expect(ProcessorQuota.groups("3:cpuset:/y\n").version1 == nil)
    #expect(ProcessorQuota.groups("").version2 == nil)
  }

  @Test func limitsOfFoldersAboveHoldToo() {
    #expect(ProcessorQuota.ancestors(of: "/a/b") == ["", "/a/b", "/a"])
    #expect(ProcessorQuota.ancestors(of: "/") == [""])
  }

  @Test func threads() {
    #expect(ProcessorQuota.threads(processors: 8, quota: nil) == 8)
    #expect(ProcessorQuota.threads(processors: 8, quota: 2.5) == 2)
    #expect(ProcessorQuota.threads(processors: 8, quota: 0.5) == 1)
    #expect(ProcessorQuota.threads(processors: 2, quota: 16) == 2)
    #expect(ProcessorQuota.threads() >= 1)
  }
}
