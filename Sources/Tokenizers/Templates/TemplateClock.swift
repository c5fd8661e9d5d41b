import Foundation

/// A date and time for `strftime_now`.
public struct TemplateClock: Sendable, Hashable {
  public var year: Int
  /// 1 to 12.
  public var month: Int
  /// 1 to 31.
  public var day: Int
  public var hour: Int
  public var minute: Int
  public var second: Int

  public init(
    year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0
  ) {
    self.year = year
    self.month = month
    self.day = day
    self.hour = hour
    self.minute = minute
    self.second = second
  }

  /// - Parameter text: such as `2026-01-02T03:04:05`; the time may be left out, and a fraction of
  ///   a second or a time zone behind it is.
  public init?(iso8601 text: String) {
    let halves = text.split(whereSeparator: { $0 == "T" || $0 == " " })
    guard (1...2).contains(halves.count) else { return nil }
    let date = halves[0].split(separator: "-").map { Int($0) }
    let time = halves.count == 1 ? "0:0:0" : halves[1].prefix { $0.isNumber || $0 == ":" }
    let parts = date + time.split(separator: ":").map { Int($0) }
    let known = parts.compactMap { $0 }
    let ranges = [0...9999, 1...12, 1...31, 0...23, 0...59, 0...60]
    guard date.count == 3, known.count == parts.count, known.count >= 5, known.count <= 6,
      zip(known, ranges).allSatisfy({ $1.contains($0) })
    else { return nil }
    self.init(
      year: known[0], month: known[1], day: known[2], hour: known[3], minute: known[4],
      second: known.count == 6 ? known[5] : 0)
  }

  /// Now, in the local time zone.
  public static var now: TemplateClock {
    let parts = Calendar(identifier: .gregorian).dateComponents(
      [.year, .month, .day, .hour, .minute, .second], from: Date())
    return TemplateClock(
      year: parts.year ?? 1970, month: parts.month ?? 1, day: parts.day ?? 1,
      hour: parts.hour ?? 0, minute: parts.minute ?? 0, second: parts.second ?? 0)
  }

  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
  ]
  private static let weekdays = [
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
  ]

  /// Days before this one in its year.
  private var yearDay: Int {
    let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return lengths.prefix(month - 1).reduce(0, +) + day - 1
  }

  private var isLeap: Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

  /// 0 is Sunday.
  private var weekday: Int {
    let before = year - 1
    return (1 + before * 365 + before / 4 - before / 100 + before / 400 + yearDay) % 7
  }

  private static func spaced(_ number: Int) -> String { (number < 10 ? " " : "") + String(number) }

  /// The week by ISO 8601: weeks begin on Mondays, and a year's first is the one with its fourth
  /// of January.
  private var isoWeek: (year: Int, week: Int) {
    let monday = (weekday + 6) % 7
    let week = (yearDay - monday + 10) / 7
    func weeks(in year: Int) -> Int {
      func firstDay(_ year: Int) -> Int {
        TemplateClock(year: year, month: 1, day: 1).weekday
      }
      return firstDay(year) == 4 || firstDay(year + 1) == 5 ? 53 : 52
    }
    if week < 1 { return (year - 1, weeks(in: year - 1)) }
    return week > weeks(in: year) ? (year + 1, 1) : (year, week)
  }

  /// C's `strftime` in the C locale; what it does not know stays as it is.
  func formatted(_ format: String) -> String {
    var result = ""
    var rest = Substring(format)
    while let character = rest.popFirst() {
      guard character == "%", let directive = rest.popFirst() else {
        result.append(character)
        continue
      }
      if directive == "-", let next = rest.first, let value = number(next) {
        rest.removeFirst()
        result += String(value.value)
      } else {
        result += field(directive) ?? "%" + String(directive)
      }
    }
    return result
  }

  private func number(_ directive: Character) -> (value: Int, width: Int)? {
    switch directive {
    case "Y": (year, 4)
    case "y": (year % 100, 2)
    case "m": (month, 2)
    case "d": (day, 2)
    case "H": (hour, 2)
    case "I": ((hour + 11) % 12 + 1, 2)
    case "M": (minute, 2)
    case "S": (second, 2)
    case "j": (yearDay + 1, 3)
    case "u": ((weekday + 6) % 7 + 1, 1)
    case "w": (weekday, 1)
    case "U": ((yearDay + 7 - weekday) / 7, 2)
    case "W": ((yearDay + 7 - (weekday + 6) % 7) / 7, 2)
    case "f": (0, 6)
    case "C": (year / 100, 2)
    case "G": (isoWeek.year, 4)
    case "g": (isoWeek.year % 100, 2)
    case "V": (isoWeek.week, 2)
    default: nil
    }
  }

  private func field(_ directive: Character) -> String? {
    if let (value, width) = number(directive) {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    switch directive {
    case "B": return TemplateClock.months[month - 1]
    case "b", "h": return String(TemplateClock.months[month - 1].prefix(3))
    case "A": return TemplateClock.weekdays[weekday]
    case "a": return String(TemplateClock.weekdays[weekday].prefix(3))
    case "p": return hour < 12 ? "AM" : "PM"
    case "P": return hour < 12 ? "am" : "pm"
    case "e": return TemplateClock.spaced(day)
    case "k": return TemplateClock.spaced(hour)
    case "l": return TemplateClock.spaced((hour + 11) % 12 + 1)
    case "r": return formatted("%I:%M:%S %p")
    case "F": return formatted("%Y-%m-%d")
    case "T", "X": return formatted("%H:%M:%S")
    case "D", "x": return formatted("%m/%d/%y")
    case "R": return formatted("%H:%M")
    case "c": return formatted("%a %b %e %H:%M:%S %Y")
    case "z", "Z": return ""
    case "n": return "\n"
    case "t": return "\t"
    case "%": return "%"
    default: return nil
    }
  }
}

extension TemplateClock {
  /// A time such as `2026-01-02T03:04:05`; nil where the text is none.
  public init?(_ text: String) {
    let numbers = text.split(whereSeparator: { "-T: ".contains($0) }).map { Int($0) }
    let parts = numbers.compactMap { $0 }
    guard parts.count == numbers.count, parts.count == 3 || parts.count == 6 else { return nil }
    let ranges = [0...9999, 1...12, 1...31, 0...23, 0...59, 0...60]
    guard zip(parts, ranges).allSatisfy({ $1.contains($0) }) else { return nil }
    self.init(
      year: parts[0], month: parts[1], day: parts[2], hour: parts.count == 6 ? parts[3] : 0,
      minute: parts.count == 6 ? parts[4] : 0, second: parts.count == 6 ? parts[5] : 0)
  }
}
