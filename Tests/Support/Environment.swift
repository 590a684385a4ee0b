import Foundation

/// The number in the environment variable `name`, or `usual`: the make targets ask for larger counts.
public func environmentCount(_ name: String, usual: Int) -> Int {
  ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? usual
}
