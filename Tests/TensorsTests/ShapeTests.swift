import ApusTensors
import Testing

@Suite struct ShapeTests {
  @Test func negativeAxesCountFromTheEnd() {
    var shape: Shape = [2, 3, .symbol("n")]
    #expect(shape[-1] == .symbol("n"))
    #expect(shape[0] == 2)
    shape[-2] = 7
    #expect(shape == [2, 7, .symbol("n")])
  }

  @Test func countsAndSizes() {
    let shape: Shape = [2, .symbol("n"), 5]
    #expect(shape.rank == 3)
    #expect(shape.elementCount == Dim.symbol("n") * 10)
    #expect(shape.constant == nil)
    #expect(shape.evaluate(["n": 0]) == [2, 0, 5])
    #expect(shape.evaluate([:]) == nil)
    #expect(Shape([4, 1]).constant == [4, 1])
    #expect(Shape([Int]()).elementCount == 1)
    #expect("\(shape)" == "[2, n, 5]")
  }

  @Test func typesPrintElementAndShape() {
    #expect("\(TensorType(.int32, [.symbol("tokens"), 2]))" == "int32[tokens, 2]")
  }
}
