import ApusCheckpoints
import Testing

/// Many names written as few.
@Suite struct CollapsedNamesTests {
  @Test func layersBecomeARange() {
    let names = (0..<32).map { "layers.\($0).self_attn.q_norm.weight" } + ["norm.weight"]
    #expect(
      CollapsedNames.of(names) == ["layers.{0...31}.self_attn.q_norm.weight", "norm.weight"])
  }

  @Test func gapsAndSingleNumbersStay() {
    let names = [3, 0, 1, 7].map { "a.\($0)" } + ["b.5.c", "b.5.d"]
    #expect(CollapsedNames.of(names) == ["a.{0...1, 3, 7}", "b.5.c", "b.5.d"])
  }

  @Test func twoNumbersAreTwoRanges() {
    let names = (0..<3).flatMap { layer in (0..<4).map { "l.\(layer).e.\($0).w" } }
    #expect(CollapsedNames.of(names) == ["l.{0...2}.e.{0...3}.w"])
  }

  /// The result stands for what was given and nothing else.
  @Test func whatIsNoProductIsNotWrittenAsOne() {
    #expect(CollapsedNames.of(["l.3.e.7", "l.5.e.2"]) == ["l.3.e.7", "l.5.e.2"])
    let corner = ["l.0.e.0", "l.0.e.1", "l.1.e.0"]
    #expect(CollapsedNames.of(corner) == ["l.0.e.1", "l.{0...1}.e.0"])
  }

  @Test func onlyNumbersAsTheyArePrintedAreNumbers() {
    #expect(CollapsedNames.of(["a.00", "a.0", "a.1", "a.-1"]) == ["a.-1", "a.00", "a.{0...1}"])
    #expect(CollapsedNames.of([String]()) == [])
    #expect(CollapsedNames.pattern(of: "layers.12.w") == "layers.*.w")
  }
}
