extension SourceOpener {
  /// `demo`, `demo:seed=7`, `demo:seed=7,fault=freeze@5s,fault=noise@10s+3s`.
  static let demo = SourceOpener(
    name: "demo scene", claims: \.isDemo,
    open: { name, request in
      let options = try DemoOptions(name: name.text)
      let source = try DemoSource(name: name.text, options: options, request: request)
      return options.faults.isEmpty ? source : FaultySource(source, faults: options.faults)
    })
}
