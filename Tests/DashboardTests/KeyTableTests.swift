import Dashboard
import Ground
import Testing

@Suite struct KeyTableTests {
  @Test func theTableHasEveryKeyAndNameOnce() {
    let actions = KeyTable.index(KeyTable.all)
    #expect(actions.count == KeyTable.all.flatMap(\.keys).count)
    #expect(Set(KeyTable.all.map(\.name)).count == KeyTable.all.count)
    for binding in KeyTable.all { for key in binding.keys { #expect(KeyTable.action(for: key) == binding.action) } }
  }

  @Test func aKeyInTwoRowsStopsTheProgram() async {
    await #expect(processExitsWith: .failure) {
      _ = KeyTable.index([
        KeyBinding(.program(.quit), "one", "Quit", [.character("q")], .session),
        KeyBinding(.program(.suspend), "two", "Suspend", [.character("q")], .session),
      ])
    }
  }

  @Test func aNameInTwoRowsStopsTheProgram() async {
    await #expect(processExitsWith: .failure) {
      _ = KeyTable.index([
        KeyBinding(.program(.quit), "one", "Quit", [.character("q")], .session),
        KeyBinding(.program(.suspend), "one", "Suspend", [.character("z")], .session),
      ])
    }
  }

  @Test func everySettingHasARow() {
    #expect(SettingsTable.all.map(\.setting) == Setting.allCases)
  }

  @Test func aListKnowsTheItemUnderACell() {
    let list = ListView(in: Rect(x: 3, y: 5, width: 20, height: 4), count: 10, selected: 6)
    #expect(list.visible == 4..<8)
    for (row, item) in [(5, 4), (6, 5), (8, 7)] { #expect(list.item(atColumn: 3, row: row) == item) }
    for (x, y) in [(2, 5), (23, 5), (4, 4), (4, 9)] { #expect(list.item(atColumn: x, row: y) == nil) }
    let short = ListView(in: Rect(x: 0, y: 0, width: 9, height: 9), count: 2, selected: nil)
    #expect(short.item(atColumn: 1, row: 1) == 1 && short.item(atColumn: 1, row: 2) == nil)
    #expect(ListView(in: Rect(x: 0, y: 0, width: 9, height: 0), count: 5, selected: 4).visible.isEmpty)
  }

  @Test func clicksInPaletteAndOptionsMeanTheLineUnderThem() throws {
    var stage = try InteractionTests.Stage()
    stage.press(.character(":"))
    for scalar in "style".unicodeScalars { stage.press(.character(scalar)) }
    let matches = CommandPalette.matches(
      "style", in: CommandPalette.commands(snapshot: stage.state.snapshot, themes: ["default"]))
    let line = try #require(matches.firstIndex { $0.name == "style ascii" })
    let list = try #require(stage.composer.screen.overlayList)
    stage.press(.mouse(.left, x: list.room.x + 2, y: list.room.y + line))
    #expect(stage.state.view.modal == nil && stage.state.settings.style == .ascii)
    stage.press(.character("O"))
    let row = try #require(SettingsTable.all.firstIndex { $0.setting == .boxes })
    let options = try #require(stage.composer.screen.overlayList)
    let click = Key.mouse(.left, x: options.room.x + 2, y: options.room.y + row)
    stage.press(click)
    #expect(stage.state.view.modal == .options(selected: row) && stage.state.settings.boxes)
    stage.press(click)
    #expect(!stage.state.settings.boxes)
    #expect(stage.press(.mouse(.left, x: 0, y: 0)) == .save, "a click beside the options closes and saves them")
  }

  @Test func aClickInTheDetectionsSelectsTheLineUnderIt() throws {
    for (columns, rows) in [(200, 60), (120, 40), (60, 18)] {
      var stage = try InteractionTests.Stage(columns: columns, rows: rows)
      let list = try #require(stage.composer.screen.lists[.detections])
      for item in stage.state.rows.rows.indices {
        let key = stage.state.rows.rows[item].key
        stage.press(.mouse(.left, x: list.room.x + 3, y: list.room.y + item))
        #expect(stage.state.view.selectedDetection == key)
        let y = try #require(stage.composer.screen.lists[.detections]).room.y + item
        #expect(stage.composer.canvas[list.room.x + 3, y].background == stage.state.theme[.selectedBackground])
      }
    }
  }
}
