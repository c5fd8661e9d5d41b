/// Files that lie mapped in memory, and whether they still are what they were.
///
/// A file that shrinks while it is mapped reads as zeros from there on. Whoever computes with its
/// bytes looks here afterwards, before it uses the result.
public struct SourceFiles: Sendable {
  private let files: [MappedFile]

  /// - Parameter files: each is kept once; memory is left out.
  init(_ files: some Sequence<MappedFile>) {
    var known: Set<ObjectIdentifier> = []
    self.files = files.filter { $0.isMapped && known.insert(ObjectIdentifier($0)).inserted }
  }

  /// An error where one of them has shrunk since it was opened, or cannot be read any more; nil
  /// says that all that was read so far is sound. Costs a system call per file.
  public var damage: CheckpointError? {
    for file in files {
      if let damage = file.damage { return damage }
    }
    return nil
  }
}
