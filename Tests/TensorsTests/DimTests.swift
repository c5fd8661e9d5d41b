import ApusTensors
import Testing

@Suite struct DimTests {
  let n = Dim.symbol("n")
  let m = Dim.symbol("m")

  @Test func equalPolynomialsAreEqual() {
    #expect((n + 1) * (n - 1) == n * n - 1)
    #expect(n * m == m * n)
    #expect(n - n == 0)
    #expect(n + m != n * m)
    #expect(Set([n + m, m + n]).count == 1)
  }

  @Test func constantsAreFoundWhereNoSymbolOccurs() {
    #expect(Dim(7).constant == 7)
    #expect(Dim(0).constant == 0)
    #expect((n - n + 3).constant == 3)
    #expect(n.constant == nil)
    #expect((n + 3).constant == nil)
  }

  @Test func symbolsAreSorted() {
    #expect((n * m + n).symbols == ["m", "n"])
    #expect(n.symbolName == "n")
    #expect((n * 2).symbolName == nil)
    #expect((n * n).symbolName == nil)
    #expect(Dim(1).symbolName == nil)
  }

  @Test func evaluationReplacesEverySymbol() {
    let dim = n * n * 3 + m * 2 - 5
    #expect(dim.evaluate(["n": 4, "m": 10]) == 63)
    #expect(dim.evaluate(["n": 4]) == nil)
    #expect((n * n).evaluate(["n": 1 << 40]) == nil, "the product overflows")
    #expect((n + n).evaluate(["n": Int.max]) == nil, "the sum overflows")
  }

  @Test func descriptionReadsAsAPolynomial() {
    #expect("\(Dim(0))" == "0")
    #expect("\(n * 16 + 1)" == "16*n+1")
    #expect("\(n - 1)" == "n-1")
    #expect("\(Dim(1) - n)" == "-n+1")
    #expect("\(n * m * 2 - m * 3)" == "2*m*n-3*m")
  }

  @Test func termsComeInAFixedOrder() {
    let terms = (n * m + n * 2 + m + 9).sortedTerms
    #expect(terms.map(\.symbols) == [[], ["m"], ["n"], ["m", "n"]])
    #expect(terms.map(\.coefficient) == [9, 1, 2, 1])
  }
}
