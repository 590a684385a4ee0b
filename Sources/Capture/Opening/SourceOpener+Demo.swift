extension SourceOpener {
  /// `demo`, `demo:seed=7`, `demo:seed=7,fault=freeze@5s,fault=noise@10s+3s`.
  static let demo = SourceOpener(
    name: "demo scene", claims: { $0.text == "demo" || $0.text.hasPrefix("demo:") },
    open: { name, request in
      let (plain, faults) = separateFaults(name.text)
      let source = try DemoSource(name: name.text, options: DemoOptions(name: plain), request: request)
      return faults.isEmpty ? source : FaultySource(source, faults: faults)
    })

  /// The scene's own options, and the faults to put on it. What ``SourceFault`` cannot read is left to the scene, which
  /// has troubles of its own and says what it does not know.
  private static func separateFaults(_ name: String) -> (plain: String, faults: [SourceFault]) {
    guard name.hasPrefix("demo:") else { return (name, []) }
    var options: [String] = []
    var faults: [SourceFault] = []
    for option in name.dropFirst(5).split(separator: ",", omittingEmptySubsequences: false) {
      if option.hasPrefix("fault="), let fault = try? SourceFault(parsing: String(option.dropFirst(6))) {
        faults.append(fault)
      } else {
        options.append(String(option))
      }
    }
    return (options.isEmpty ? "demo" : "demo:\(options.joined(separator: ","))", faults)
  }
}
