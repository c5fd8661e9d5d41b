import ApusCSystem
import Foundation

/// How much processor time this process may use, which is often less than the machine has.
package enum ProcessorQuota {
  /// Threads that a team should have: the processors of the affinity mask, or the control group's
  /// quota where that is less. A quota is rounded down, because a team over its quota is stopped as
  /// a whole, in the middle of a barrier.
  package static func threads() -> Int {
    threads(processors: Int(apus_processor_count()), quota: ofThisProcess())
  }

  package static func threads(processors: Int, quota: Double?) -> Int {
    guard let quota else { return max(1, processors) }
    return max(1, min(processors, Int(quota)))
  }

  /// Processors that `cpu.max` of a version 2 control group allows, nil where it does not limit:
  /// `"150000 100000"` is 1.5, `"max 100000"` is nil.
  package static func version2(_ text: String) -> Double? {
    let fields = text.split(whereSeparator: \.isWhitespace)
    guard let first = fields.first, let quota = Double(first), quota > 0 else { return nil }
    let period = fields.count > 1 ? Double(fields[1]) ?? 0 : 100_000
    return period > 0 ? quota / period : nil
  }

  /// Processors that `cpu.cfs_quota_us` and `cpu.cfs_period_us` of a version 1 group allow; a quota
  /// of -1 does not limit.
  package static func version1(quota: String, period: String) -> Double? {
    guard let quota = Double(quota.trimmingCharacters(in: .whitespacesAndNewlines)), quota > 0,
      let period = Double(period.trimmingCharacters(in: .whitespacesAndNewlines)), period > 0
    else { return nil }
    return quota / period
  }

  /// The paths of `/proc/self/cgroup`: of the version 2 hierarchy and of the version 1 cpu
  /// controller.
  package static func groups(_ text: String) -> (version2: String?, version1: String?) {
    var result: (version2: String?, version1: String?) = (nil, nil)
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      if fields[0] == "0", fields[1].isEmpty {
        result.version2 = String(fields[2])
      } else if fields[1].split(separator: ",").contains("cpu") {
        result.version1 = String(fields[2])
      }
    }
    return result
  }

  /// `path` and the folders above it up to the root: a limit of any of them holds. In a container
  /// the files may lie at the root although the path names a place outside.
  package static func ancestors(of path: String) -> [String] {
    var parts = path.split(separator: "/")
    var result = [""]
    while !parts.isEmpty {
      result.append("/" + parts.joined(separator: "/"))
      parts.removeLast()
    }
    return result
  }

  static func ofThisProcess() -> Double? {
    guard let text = read("/proc/self/cgroup") else { return nil }
    let groups = groups(text)
    var limits: [Double] = []
    for path in groups.version2.map(ancestors) ?? [] {
      if let limit = read("/sys/fs/cgroup\(path)/cpu.max").flatMap(version2) {
        limits.append(limit)
      }
    }
    for path in groups.version1.map(ancestors) ?? [] {
      let folder = "/sys/fs/cgroup/cpu\(path)"
      if let quota = read("\(folder)/cpu.cfs_quota_us"),
        let period = read("\(folder)/cpu.cfs_period_us"),
        let limit = version1(quota: quota, period: period)
      {
        limits.append(limit)
      }
    }
    return limits.min()
  }

  private static func read(_ path: String) -> String? {
    try? String(contentsOfFile: path, encoding: .utf8)
  }
}
