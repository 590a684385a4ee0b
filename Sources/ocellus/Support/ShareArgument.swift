import ArgumentParser
import Ground

/// A share on the command line: 0.4 or 40%.
struct ShareArgument: ExpressibleByArgument {
  var value: Float

  init(_ value: Float) { self.value = value }

  init?(argument: String) {
    guard let value = Share.parse(argument) else { return nil }
    self.init(value)
  }

  var defaultValueDescription: String { "\(value)" }
}
