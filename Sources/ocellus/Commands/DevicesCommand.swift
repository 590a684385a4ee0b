import ArgumentParser
import Capture
import Ground
import Pipeline

/// `ocellus devices`: the cameras of this machine.
struct DevicesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "devices", abstract: "List cameras with their formats, sizes, rates and controls.",
    discussion: "EXAMPLES\n  ocellus devices\n  ocellus devices --json")

  @Flag(name: .long, help: "Print one JSON line: a list of cameras.")
  var json = false

  func run() throws {
    let cameras = CameraCatalogue.list()
    if json {
      StandardStreams.writeLine(try cameras.jsonLine())
      return
    }
    if cameras.isEmpty { StandardStreams.writeLine("no cameras; `ocellus --source demo` needs none") }
    for camera in cameras {
      StandardStreams.writeLine("\(camera.path)  \(camera.name)  (\(camera.driver), \(camera.bus))")
      if let problem = camera.problem { StandardStreams.writeLine("  cannot be used: \(problem)") }
      for format in camera.formats {
        StandardStreams.writeLine(
          "  \(format.fourCC)  \(format.description)\(format.isUsable ? "" : "  (not understood)")")
        for size in format.sizes {
          let rates = size.rates.map { $0 == $0.rounded() ? "\(Int(saturating: $0))" : "\($0)" }.joined(separator: ", ")
          StandardStreams.writeLine("    \(size.width)x\(size.height)\(rates.isEmpty ? "" : "  at \(rates) fps")")
        }
      }
      for control in camera.controls {
        let value = control.value.map { " = \($0)" } ?? ""
        let range = "\(control.minimum) to \(control.maximum), normally \(control.standard)"
        StandardStreams.writeLine("  control \(control.name)\(value)  (\(range))")
      }
    }
  }
}
