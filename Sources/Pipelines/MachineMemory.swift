import Foundation

/// How much memory this process may still take, by what limits it.
///
/// Read from files of the kernel, so that tests can lay out other machines in a folder.
package struct MachineMemory: Sendable, Hashable {
  /// One limit and what is left below it.
  package struct Limit: Sendable, Hashable {
    /// Such as `the machine` or `the cgroup`.
    package let name: String
    /// Bytes.
    package let left: Int
    /// Mapped files count against it as well, from the moment they are mapped.
    package let countsMappings: Bool

    package init(name: String, left: Int, countsMappings: Bool) {
      self.name = name
      self.left = left
      self.countsMappings = countsMappings
    }
  }

  package let limits: [Limit]

  package init(limits: [Limit]) { self.limits = limits }

  /// - Parameter root: the folder that holds `proc` and `sys`.
  package init(root: String = "") {
    let files = SystemFiles(root: root)
    limits =
      [Self.machine(files), Self.cgroup(files)].compactMap(\.self) + Self.processLimits(files)
  }

  /// The tightest limit for a process that is to map `mapped` bytes of files and has mapped them
  /// already.
  ///
  /// - Returns: what is left beside the mapped files, at least 0, and the name of the limit; nil
  ///   where no limit could be read.
  package func left(besidesMapped mapped: Int) -> (bytes: Int, limit: String)? {
    limits.map { limit in
      (bytes: max(0, limit.countsMappings ? limit.left : limit.left - mapped), limit: limit.name)
    }.min { $0.bytes < $1.bytes }
  }

  private static func machine(_ files: SystemFiles) -> Limit? {
    guard let kilobytes = files.field("MemAvailable:", of: "/proc/meminfo") else { return nil }
    return Limit(name: "the machine", left: kilobytes * 1024, countsMappings: false)
  }

  /// The tightest of this process's cgroup and the cgroups around it. Pages of files that the
  /// kernel would drop first are not counted as used.
  private static func cgroup(_ files: SystemFiles) -> Limit? {
    var left: [Int] = []
    for line in files.lines("/proc/self/cgroup") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let isUnified = parts[0] == "0" && parts[1].isEmpty
      guard isUnified || parts[1].split(separator: ",").contains("memory") else { continue }
      let names =
        isUnified
        ? (
          mount: "/sys/fs/cgroup", limit: "memory.max", used: "memory.current",
          droppable: "inactive_file"
        )
        : (
          mount: "/sys/fs/cgroup/memory", limit: "memory.limit_in_bytes",
          used: "memory.usage_in_bytes", droppable: "total_inactive_file"
        )
      for folder in ancestors(String(parts[2])).map({ names.mount + $0 }) {
        guard let limit = files.number("\(folder)/\(names.limit)"),
          let used = files.number("\(folder)/\(names.used)")
        else { continue }
        let droppable = files.field(names.droppable, of: "\(folder)/memory.stat") ?? 0
        left.append(limit - used + droppable)
      }
    }
    return left.min().map { Limit(name: "the cgroup", left: max(0, $0), countsMappings: false) }
  }

  /// `/a/b` as `/a/b`, `/a` and the root, which is the empty path.
  private static func ancestors(_ path: String) -> [String] {
    var parts = path.split(separator: "/")
    var paths: [String] = []
    while !parts.isEmpty {
      paths.append("/" + parts.joined(separator: "/"))
      parts.removeLast()
    }
    return paths + [""]
  }

  private static func processLimits(_ files: SystemFiles) -> [Limit] {
    let kinds = [
      (line: "Max address space", used: "VmSize:", countsMappings: true),
      (line: "Max data size", used: "VmData:", countsMappings: false),
    ]
    return kinds.compactMap { kind in
      guard let line = files.lines("/proc/self/limits").first(where: { $0.hasPrefix(kind.line) }),
        let soft = line.dropFirst(kind.line.count).split(separator: " ").first.flatMap({ Int($0) }),
        let used = files.field(kind.used, of: "/proc/self/status")
      else { return nil }
      return Limit(
        name: "the limit '\(kind.line.lowercased())'", left: max(0, soft - used * 1024),
        countsMappings: kind.countsMappings)
    }
  }
}

/// Small text files of the kernel.
private struct SystemFiles {
  let root: String

  func lines(_ path: String) -> [String] {
    guard let text = try? String(contentsOfFile: root + path, encoding: .utf8) else { return [] }
    return text.split(separator: "\n").map(String.init)
  }

  /// The number that is all of a file; nil for `max`, and for the number so large that it means
  /// none.
  func number(_ path: String) -> Int? {
    guard let value = lines(path).first.flatMap({ Int($0) }), value < Int.max >> 1 else {
      return nil
    }
    return value
  }

  /// The number behind a name at the start of a line.
  func field(_ name: String, of path: String) -> Int? {
    for line in lines(path) {
      let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
      if words.first.map(String.init) == name, words.count > 1 { return Int(words[1]) }
    }
    return nil
  }
}
