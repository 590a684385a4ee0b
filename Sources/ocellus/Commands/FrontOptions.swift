import ArgumentParser
import Configuration
import Dashboard
import Service

/// How the dashboard looks and what it may cost.
struct FrontOptions: ParsableArguments {
  @Option(name: .long, help: ArgumentHelp("The theme; `ocellus themes` lists them.", valueName: "NAME"))
  var theme: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Picture style: blocks, quadrants, ascii, braille, edges or off.", valueName: "STYLE"))
  var style: String?

  @Option(name: .long, help: ArgumentHelp("Colours: auto, truecolor, 256, 16, eight or mono.", valueName: "COLORS"))
  var colors: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Limit the output to this many bytes per second, such as 50K, or auto.", valueName: "RATE"))
  var bandwidth: String?

  @Flag(name: .long, help: "Do not use the mouse, so that the terminal can select text.")
  var noMouse = false

  var dashboard: DashboardOptions {
    var options = DashboardOptions()
    options.theme = theme
    options.style = style
    options.colors = colors
    options.bandwidth = bandwidth
    options.noMouse = noMouse
    options.themeFolders = Installation.folders(of: "themes")
    options.logPath = UserFolders.state + "/ocellus.log"
    return options
  }
}
