/// What a user can set in the configuration file, on the command line and in the options menu.
package struct DashboardSettings: Sendable, Equatable {
  package var theme = DefaultTheme.name
  package var style = PictureStyle.blocks
  /// nil: as detected.
  package var colors: ColorDepth?
  package var preset = LayoutPreset.all[0].name
  package var boxes = true
  package var labels = true
  package var mouse = true
  /// Most bytes per second to the terminal; nil: as the link allows.
  package var bandwidth: Int?
  /// Most pictures per second.
  package var rate = 30
  /// Error of a colour channel that is accepted before a cell is redrawn.
  package var tolerance = 12
  package var order = DetectionOrder.confidence
  /// From the table `[keys]`; changed in the file only.
  package var keys = KeyMap.standard

  package init() {}
}
