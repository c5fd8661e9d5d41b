import ApusJSON
import ApusTokenizers
import Testing

/// Integers that 64 bits do not hold; what is expected is Python's.
@Suite struct TemplateIntegerTests {
  private static let context = """
    {"id": 12345678901234567890, "call": {"arguments": {"user": -98765432109876543210}}}
    """

  @Test(arguments: [
    (
      "{{ id }}|{{ call | tojson }}",
      #"12345678901234567890|{"arguments": {"user": -98765432109876543210}}"#
    ),
    ("{{ 9223372036854775807 + 1 }}", "9223372036854775808"),
    ("{{ -9223372036854775808 - 1 }}", "-9223372036854775809"),
    ("{{ id - id }} {{ (id + 1 - id) is integer }}", "0 True"),
    ("{{ id * id }}", "152415787532388367501905199875019052100"),
    ("{{ id // -7 }} {{ id % -7 }}", "-1763668414462081128 -6"),
    ("{{ 10**25 / 10**24 }} {{ 9007199254740993 / 1 }}", "10.0 9007199254740992.0"),
    ("{{ 2**64 == 2.0**64 }} {{ 2**64 + 1 == 2.0**64 }}", "True False"),
    (
      "{{ 2**63 > 9.3e18 }} {{ 2**64 < 1e300 }} {{ [2**65, 1, 2.5e19] | sort }}",
      "False True [1, 2.5e+19, 36893488147419103232]"
    ),
    ("{{ {2**64: 'a'}[2.0**64] }}", "a"),
    (
      "{{ '%d %x %+d' % (10**20, 10**20, 0 - 10**20) }}",
      "100000000000000000000 56bc75e2d63100000 -100000000000000000000"
    ),
    (
      "{{ '{:,} {:e} {:#b}'.format(10**20, 10**20, 2**65)[:40] }}",
      "100,000,000,000,000,000,000 1.000000e+20"
    ),
    (
      "{{ '18446744073709551616' | int + 1 }} {{ 1e22 | int }}",
      "18446744073709551617 10000000000000000000000"
    ),
    (
      "{{ 15555555555555555555 | round(-19) }} {{ 25 | round(-1) }} {{ -15 | round(-1) }}",
      "20000000000000000000 20 -20"
    ),
    ("{{ (2**70).bit_length() }} {{ -9223372036854775808 | abs }}", "71 9223372036854775808"),
    ("{{ 'abc'[:10**30] }}{{ 'abc'[0 - 10**30:1] }}", "abca"),
    ("{{ 0x1FFFFFFFFFFFFFFFFF }}", "590295810358705651711"),
    ("{{ (0 - 10**40) | filesizeformat }}", "-10000000000000000303786028427003666890752 Bytes"),
  ])
  func isPythons(source: String, expected: String) throws {
    let context = try #require(JSONValue(parsing: Self.context).objectValue)
    #expect(try ChatTemplate(source: source).render(context).text == expected)
  }

  @Test(arguments: [
    "{{ 2**20000 }}", "{{ (10 ** 4000) * (10 ** 4000) }}", "{{ 'a' * 10**20 }}",
    "{{ 10**4300 }}", "{{ 10**4000 + 1.5 }}", "{{ range(10**20) }}", "{{ 1 // (10**20 - 10**20) }}",
  ])
  func hasItsLimits(source: String) throws {
    let template = try ChatTemplate(source: source)
    #expect(throws: TemplateError.self) { try template.render([:]) }
  }
}
