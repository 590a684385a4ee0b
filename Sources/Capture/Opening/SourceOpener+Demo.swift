extension SourceOpener {
  /// `demo`, `demo:seed=7`, `demo:seed=7,fault=freeze@5s,fault=noise@10s+3s`.
  static let demo = SourceOpener(
    name: "demo scene", claims: { $0.text == "demo" || $0.text.hasPrefix("demo:") },
    open: { name, request in
      let (plain, faults) = try separateFaults(name.text)
      let source = try DemoSource(name: name.text, options: DemoOptions(name: plain), request: request)
      return faults.isEmpty ? source : FaultySource(source, faults: faults)
    })

  /// The scene's own options, and the faults to put on it.
  private static func separateFaults(_ name: String) throws -> (plain: String, faults: [SourceFault]) {
    guard name.hasPrefix("demo:") else { return (name, []) }
    var options: [String] = []
    var faults: [SourceFault] = []
    for option in name.dropFirst(5).split(separator: ",", omittingEmptySubsequences: false) {
      guard option.hasPrefix("fault=") else {
        options.append(String(option))
        continue
      }
      do {
        faults.append(try SourceFault(parsing: String(option.dropFirst(6))))
      } catch {
        throw CaptureError(error.kind, error.what, place: name, remedy: error.remedy)
      }
    }
    return (faults.isEmpty || !options.isEmpty ? "demo:\(options.joined(separator: ","))" : "demo", faults)
  }
}
