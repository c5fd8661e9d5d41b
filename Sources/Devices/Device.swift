/// One side of a copy in host memory.
public struct StagingPlace {
  public var staging: HostStaging
  public var slot: Int
  public var byteOffset: Int

  public init(_ staging: HostStaging, slot: Int, byteOffset: Int = 0) {
    self.staging = staging
    self.slot = slot
    self.byteOffset = byteOffset
  }
}

/// A place in a device's stream: everything enqueued before it.
public struct StreamMark: Sendable, Hashable, Comparable {
  let number: Int

  public static func < (a: StreamMark, b: StreamMark) -> Bool { a.number < b.number }
}

/// What plans run on: memory, and a stream of launches and copies that run in the order in which
/// they were enqueued. One thread uses a device at a time.
///
/// Nothing that was enqueued may be taken for done before `wait` or `synchronize` returns, and the
/// host sees a device's memory only through `enqueueRead`.
public protocol Device: AnyObject {
  /// As written after `--devices`.
  var name: String { get }
  /// Threads that a kernel runs on.
  var threads: Int { get }
  var isa: CPUISA { get }
  /// Bytes of the buffers that were allocated and not released.
  var allocatedBytes: Int { get }

  /// A zeroed buffer, aligned to 64 bytes, with 64 readable bytes past its end.
  func allocate(byteCount: Int) throws(DeviceError) -> BufferID

  /// A buffer that shows memory of the host, which must have 64 readable bytes past its end, for
  /// reading; `owner` is kept alive with it. Where a device cannot read host memory it makes a
  /// copy.
  @unsafe func register(
    _ bytes: UnsafeRawBufferPointer, owner: AnyObject
  ) throws(DeviceError) -> BufferID

  func release(_ buffer: BufferID)
  func byteCount(of buffer: BufferID) -> Int

  /// Binds launches to this device's memory.
  ///
  /// - Throws: where a kernel has no variant that runs here, or a place lies outside its buffer.
  func makeLaunches(_ descriptions: [LaunchDescription]) throws(DeviceError) -> LaunchList

  /// Runs the launches with the sizes they have now.
  func enqueue(_ launches: LaunchList)

  /// Copies host memory into a buffer. The slot may not be written until the copy has run.
  func enqueueWrite(from source: StagingPlace, to target: BufferPlace, byteCount: Int)

  /// Copies a buffer into host memory. The slot may not be read until the copy has run.
  func enqueueRead(from source: BufferPlace, to target: StagingPlace, byteCount: Int)

  /// The present end of the stream.
  func mark() -> StreamMark

  /// Returns when everything before the mark has run.
  func wait(for mark: StreamMark) throws(DeviceError)

  /// Returns when everything enqueued has run.
  func synchronize() throws(DeviceError)
}

/// The devices that there are.
public enum DeviceCatalog {
  public static let names = ["cpu"]

  /// - Parameters:
  ///   - threads: nil for as many as the process may use
  ///   - isa: as for `CPUISA.named`
  public static func device(
    named name: String, threads: Int? = nil, isa: String? = nil
  ) throws(DeviceError) -> any Device {
    switch name {
    case "cpu": return try CPUDevice(threads: threads, isa: try CPUISA.named(isa))
    default:
      throw DeviceError(
        "there is no device '\(name)'; known are \(names.joined(separator: ", "))")
    }
  }
}
