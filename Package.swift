// swift-tools-version: 6.3
import Foundation
import PackageDescription

// Unsafe flags keep a package from being a versioned dependency, so they are set only when we are the root.
let isRoot = !Context.packageDirectory.contains("/checkouts/")

/// Set in CI only: a newer compiler's new warnings must not break those who build us.
let warningsAreErrors = isRoot && Context.environment["APUS_WARNINGS_AS_ERRORS"] != nil

let swiftSettings: [SwiftSetting] =
  [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .strictMemorySafety(),
  ] + (warningsAreErrors ? [.treatAllWarnings(as: .error)] : [])

/// In debug builds C would be compiled at -O0 and the kernels crawl.
let kernelSettings: [CSetting] = isRoot ? [.unsafeFlags(["-O3"], .when(configuration: .debug))] : []

/// A Swift room of ours: `Sources/<name>`, module `Apus<name>`, tests in `Tests/<name>Tests`.
func room(_ name: String, _ ours: [String] = [], _ packages: [Target.Dependency] = []) -> Target {
  .target(
    name: "Apus\(name)", dependencies: ours.map { .target(name: "Apus\($0)") } + packages,
    path: "Sources/\(name)", swiftSettings: swiftSettings)
}

/// A C room of ours.
func cRoom(_ name: String, _ settings: [CSetting] = []) -> Target {
  .target(name: "Apus\(name)", path: "Sources/\(name)", cSettings: settings)
}

/// The tests of a room: they may also import what the room itself imports, and `TestSupport`.
func tests(_ name: String, _ ours: [String], _ packages: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests",
    dependencies: ours.map { .target(name: "Apus\($0)") } + [.target(name: "TestSupport")]
      + packages,
    path: "Tests/\(name)Tests", swiftSettings: swiftSettings)
}

let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let lifecycle = Target.Dependency.product(
  name: "ServiceLifecycle", package: "swift-service-lifecycle")
let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let unixSignals = Target.Dependency.product(
  name: "UnixSignals", package: "swift-service-lifecycle")

let rooms: [Target] = [
  // level 0
  cRoom("CSystem"),
  cRoom("CPUKernels", kernelSettings),
  cRoom("TextKernels", kernelSettings),
  room("JSON"),
  room("Tensors"),
  // level 1
  room("Tokenizers", ["JSON", "TextKernels"]),
  room("Checkpoints", ["Tensors", "JSON", "CSystem"]),
  room("Devices", ["Tensors", "CSystem", "CPUKernels"]),
  room("Graphs", ["Tensors"]),
  // level 2
  room("Layers", ["Graphs", "Checkpoints", "Tensors"]),
  room("Compiler", ["Graphs", "Checkpoints", "Devices", "CPUKernels", "Tensors"]),
  // level 3
  room(
    "Pipelines",
    ["Layers", "Compiler", "Tokenizers", "Graphs", "Checkpoints", "Devices", "Tensors", "JSON"]),
  // level 4
  room("Architectures", ["Pipelines", "Layers", "Graphs", "Checkpoints", "Tensors"]),
  // level 5
  room("Engine", ["Pipelines", "Tokenizers", "CSystem"]),
  // level 6: what authors and library users import
  .target(
    name: "Apus",
    dependencies: [
      "ApusJSON", "ApusTensors", "ApusTokenizers", "ApusCheckpoints", "ApusDevices", "ApusGraphs",
      "ApusLayers", "ApusCompiler", "ApusPipelines", "ApusArchitectures", "ApusEngine",
    ],
    path: "Sources/Apus", swiftSettings: swiftSettings),
  // level 7
  room(
    "Server", ["Engine", "Pipelines", "Tokenizers", "JSON"],
    [hummingbird, lifecycle, logging, httpTypes, nioCore]),
  // level 8
  .executableTarget(
    name: "ApusCommand",
    dependencies: [
      .target(name: "ApusServer"), .target(name: "ApusEngine"), .target(name: "ApusArchitectures"),
      .target(name: "ApusPipelines"), .target(name: "ApusCompiler"), .target(name: "ApusDevices"),
      .target(name: "ApusCheckpoints"), .target(name: "ApusTokenizers"),
      .target(name: "ApusGraphs"),
      .target(name: "ApusTensors"), .target(name: "ApusJSON"), argumentParser, lifecycle,
      unixSignals, logging, nioCore,
    ],
    path: "Sources/ApusCommand", swiftSettings: swiftSettings,
    linkerSettings: isRoot ? [.unsafeFlags(["-Xlinker", "--export-dynamic"])] : []),
]

let benchmarks: [Target] = [
  // The template engine by itself, for measurements and the differential fuzz.
  .executableTarget(
    name: "template-bench",
    dependencies: [.target(name: "ApusTokenizers"), .target(name: "ApusJSON")],
    path: "Benchmarks/templates", swiftSettings: swiftSettings)
]

let testRooms: [Target] = [
  .target(
    name: "TestSupport", dependencies: [.target(name: "ApusTensors")], path: "Tests/Support",
    swiftSettings: swiftSettings),
  tests("JSON", ["JSON"]),
  tests("Tensors", ["Tensors"]),
  tests("CPUKernels", ["CPUKernels", "Tensors"]),
  tests("TextKernels", ["TextKernels"]),
  tests("Tokenizers", ["Tokenizers", "JSON"]),
  tests("Checkpoints", ["Checkpoints", "Tensors", "JSON"]),
  tests("Devices", ["Devices", "Tensors", "CPUKernels"]),
  tests("Graphs", ["Graphs", "Tensors"]),
  tests("Layers", ["Layers", "Graphs", "Checkpoints", "Tensors"]),
  .target(name: "MallocCounter", path: "Tests/MallocCounter"),
  tests(
    "Compiler", ["Compiler", "Graphs", "Checkpoints", "Devices", "CPUKernels", "Tensors"],
    [.target(name: "MallocCounter")]),
  tests(
    "Pipelines",
    [
      "Pipelines", "Layers", "Graphs", "Checkpoints", "Compiler", "Devices", "Tokenizers",
      "Tensors",
    ]),
  tests(
    "Architectures",
    [
      "Architectures", "Pipelines", "Layers", "Graphs", "Checkpoints", "Compiler", "Devices",
      "Tokenizers", "Tensors", "JSON",
    ]),
  tests(
    "Engine",
    [
      "Engine", "Pipelines", "Tokenizers", "Architectures", "Checkpoints", "Compiler", "Devices",
    ]),
  .testTarget(
    name: "ApusTests", dependencies: ["Apus"], path: "Tests/ApusTests",
    swiftSettings: swiftSettings),
  tests(
    "Server", ["Server", "Engine", "Pipelines", "Architectures", "Tokenizers", "Tensors", "JSON"],
    [lifecycle, nioCore, nioPosix]),
  // They run the built command.
  tests("ApusCommand", ["JSON"]),
  tests("Tidy", []),
]

/// A sparse checkout of the lower rooms builds without the upper ones and their third-party packages.
let present = (rooms + benchmarks + testRooms).filter { target in
  FileManager.default.fileExists(atPath: "\(Context.packageDirectory)/\(target.path ?? "")")
}
let products: [Product] = [
  .library(name: "Apus", targets: ["Apus"]),
  .executable(name: "apus", targets: ["ApusCommand"]),
]

let package = Package(
  name: "apus",
  products: present.count == rooms.count + benchmarks.count + testRooms.count ? products : [],
  dependencies: [
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: present
)
