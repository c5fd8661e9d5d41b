import ApusCPUKernels
import ApusCSystem

/// The threads of the CPU. They stay inside a list of launches and meet at a barrier after each;
/// between lists they sleep. The thread that calls `run` is one of them.
@safe final class WorkerTeam {
  /// How long a thread spins at a barrier before it sleeps. A launch is a few to a few hundred
  /// microseconds and a sleep costs about 5 at each end, so longer waits are better slept through.
  static let spinNanoseconds: Int64 = 50_000

  let count: Int
  private let team: OpaquePointer

  /// A team of more threads than the process has processors never spins, because whoever it waits
  /// for may need the processor.
  ///
  /// - Parameter threads: nil for as many as the affinity mask and the control group's quota allow
  init(threads: Int?) throws(DeviceError) {
    let count = threads ?? ProcessorQuota.threads()
    guard count >= 1, count <= 4096 else {
      throw DeviceError("\(count) threads are asked for; possible are 1 to 4096")
    }
    let spin = count <= Int(apus_processor_count()) ? WorkerTeam.spinNanoseconds : 0
    guard
      let team = unsafe apus_team_create(
        Int32(count), Int64(APUS_WORKER_SCRATCH_BYTES), spin)
    else { throw DeviceError("cannot start \(count) worker threads") }
    unsafe self.team = team
    self.count = count
  }

  deinit { unsafe apus_team_destroy(team) }

  func run(_ launches: LaunchList) {
    guard launches.count > 0 else { return }
    var work = unsafe TeamWork(launches: UnsafeBufferPointer(launches.launches))
    unsafe withUnsafeMutablePointer(to: &work) { pointer in
      unsafe apus_team_run(team, runLaunches, pointer)
    }
  }
}

/// What a run of the team is about.
@unsafe private struct TeamWork {
  let launches: UnsafeBufferPointer<KernelLaunch>
}

/// Where the arguments lie in a launch: they are half a kilobyte and not to be copied.
private let argumentsOffset = unsafe MemoryLayout<KernelLaunch>.offset(of: \.arguments)!

/// The body of every member: each launch in order, with a barrier between two.
private let runLaunches: apus_team_body = { context, member in
  guard let work = unsafe context?.assumingMemoryBound(to: TeamWork.self),
    let member = unsafe member
  else { return }
  var worker = unsafe apus_worker(
    index: member.pointee.index, count: member.pointee.count, scratch: member.pointee.scratch,
    scratch_bytes: member.pointee.scratch_bytes, counter: member.pointee.counter)
  guard var launch = unsafe work.pointee.launches.baseAddress else { return }
  let last = unsafe launch + (work.pointee.launches.count - 1)
  while true {
    let arguments = unsafe (UnsafeRawPointer(launch) + argumentsOffset)
      .assumingMemoryBound(to: apus_kernel_arguments.self)
    unsafe launch.pointee.kernel(arguments, &worker)
    // The end of the run is itself a barrier.
    if unsafe launch == last { return }
    unsafe launch += 1
    unsafe apus_team_meet(member)
  }
}
