import ArgumentParser

/// What every command that runs a session can be told about its networks.
struct SessionOptions: ParsableArguments {
  @Option(name: .long, help: ArgumentHelp("The detector.", valueName: "NAME|PATH"))
  var model: String?

  @Option(
    name: .long, help: ArgumentHelp("The second stage, run on each detection; 'none' for none.", valueName: "NAME|PATH")
  )
  var classifier: String?

  @Option(name: .long, help: "Detections below this confidence are dropped (0 to 1).")
  var confidence: Float = 0.4

  @Option(
    name: .long,
    help: ArgumentHelp(
      "When the picture is complained about: frozen, dark, overexposed, blurred, covered, flicker or hold, a number or "
        + "'off'; 'off' alone for no complaints. Repeat for more. The configuration file's [health] explains them.",
      valueName: "NAME=VALUE"))
  var health: [String] = []

  @OptionGroup var suppression: SuppressionOptions
  @OptionGroup var likeness: LikenessOptions
  @OptionGroup var engine: EngineOptions

  func validate() throws {
    guard (0.01...0.99).contains(confidence) else { throw ValidationError("--confidence takes 0.01 to 0.99") }
    var settings = HealthSettings()
    do {
      try settings.apply(health)
    } catch {
      throw ValidationError("--health: \(error)")
    }
  }
}
