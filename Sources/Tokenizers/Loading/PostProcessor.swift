/// The ids that go around an encoded text when special tokens are asked for.
struct PostProcessor: Sendable, Hashable {
  var prefix: [Int32] = []
  var suffix: [Int32] = []
}
