// swift-tools-version: 6.3
import Foundation
import PackageDescription

// Unsafe flags keep a package from being a versioned dependency, so they are set only when we are the root.
let isRoot = !Context.packageDirectory.contains("/checkouts/")

let swiftSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .strictMemorySafety(),
]

/// In debug builds C would be compiled at -O0 and the kernels crawl.
let kernelSettings: [CSetting] = isRoot ? [.unsafeFlags(["-O3"], .when(configuration: .debug))] : []

// While rooms are being built side by side, those that do not exist yet are left out.
let here = Context.packageDirectory
func isThere(_ path: String) -> Bool { FileManager.default.fileExists(atPath: "\(here)/\(path)") }
func targets(_ names: [String]) -> [Target.Dependency] {
  names.filter { isThere("Sources/\($0)") }.map { .target(name: "Apus\($0)") }
}

/// A Swift room of ours: `Sources/<name>`, module `Apus<name>`, tests in `Tests/<name>Tests`.
func room(_ name: String, _ ours: [String] = [], _ packages: [Target.Dependency] = []) -> Target {
  .target(
    name: "Apus\(name)", dependencies: targets(ours) + packages,
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
    dependencies: targets(ours) + [.target(name: "TestSupport")] + packages,
    path: "Tests/\(name)Tests", swiftSettings: swiftSettings)
}

let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let lifecycle = Target.Dependency.product(
  name: "ServiceLifecycle", package: "swift-service-lifecycle")
let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let rooms: [Target] = [
  // level 0
  cRoom("CSystem"),
  cRoom("CPUKernels", kernelSettings),
  room("JSON"),
  room("Tensors"),
  // level 1
  room("Tokenizers", ["JSON"]),
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
  room("Server", ["Engine", "Pipelines", "Tokenizers", "JSON"], [hummingbird, lifecycle, logging]),
  // level 8
  .executableTarget(
    name: "ApusCommand",
    dependencies: [
      .target(name: "ApusServer"), .target(name: "ApusEngine"), .target(name: "ApusArchitectures"),
      .target(name: "ApusPipelines"), .target(name: "ApusCompiler"), .target(name: "ApusDevices"),
      .target(name: "ApusCheckpoints"), .target(name: "ApusTokenizers"), .target(name: "ApusGraphs"),
      .target(name: "ApusTensors"), .target(name: "ApusJSON"), argumentParser, lifecycle, logging,
    ],
    path: "Sources/ApusCommand", swiftSettings: swiftSettings,
    linkerSettings: isRoot ? [.unsafeFlags(["-Xlinker", "--export-dynamic"])] : []),
]

let testRooms: [Target] = [
  .target(
    name: "TestSupport", dependencies: [.target(name: "ApusTensors")], path: "Tests/Support",
    swiftSettings: swiftSettings),
  tests("JSON", ["JSON"]),
  tests("Tensors", ["Tensors"]),
  tests("CPUKernels", ["CPUKernels", "Tensors"]),
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
    ["Pipelines", "Layers", "Graphs", "Checkpoints", "Compiler", "Devices", "Tokenizers", "Tensors"]),
  tests(
    "Architectures",
    [
      "Architectures", "Pipelines", "Layers", "Graphs", "Checkpoints", "Compiler", "Devices",
      "Tokenizers", "Tensors", "JSON",
    ]),
  tests("Engine", ["Engine", "Pipelines", "Tokenizers", "Architectures", "Compiler", "Devices"]),
  .testTarget(
    name: "ApusTests", dependencies: ["Apus"], path: "Tests/ApusTests",
    swiftSettings: swiftSettings),
  tests("Server", ["Server", "Engine", "Pipelines", "Tokenizers", "JSON"], [hummingbird]),
  tests("Tidy", []),
]

let present = (rooms + testRooms).filter { isThere($0.path ?? "") }
let names = Set(present.map(\.name))

let package = Package(
  name: "apus",
  products: (names.contains("Apus") ? [.library(name: "Apus", targets: ["Apus"])] : [])
    + (names.contains("ApusCommand")
      ? [.executable(name: "apus", targets: ["ApusCommand"])] : []),
  dependencies: names.contains("ApusServer")
    ? [
      .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
      .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
      .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
      .package(
        url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ] : [],
  targets: present
)
