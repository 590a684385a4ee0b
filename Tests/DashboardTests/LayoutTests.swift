import Testing
import Vision

import Dashboard

@Suite struct LayoutTests {
  private static let sizes = [(60, 18), (80, 24), (100, 30), (120, 40), (160, 48), (200, 60), (300, 100)]

  @Test(arguments: LayoutPreset.all.indices, sizes)
  func panesFillTheScreenWithoutOverlap(preset: Int, size: (Int, Int)) {
    let layout = ScreenLayout(
      columns: size.0, rows: size.1, preset: LayoutPreset.all[preset], visible: Set(PaneID.allCases))
    #expect(!layout.isTooSmall)
    var covered = [Int](repeating: 0, count: size.0 * size.1)
    for rect in Array(layout.panes.values) + [layout.header, layout.footer] {
      #expect(rect.x >= 0 && rect.y >= 0 && rect.right <= size.0 && rect.bottom <= size.1)
      for y in rect.y..<rect.bottom { for x in rect.x..<rect.right { covered[y * size.0 + x] += 1 } }
    }
    #expect(covered.allSatisfy { $0 == 1 })
  }

  @Test func everyCombinationOfPanesFits() {
    for mask in 0..<256 {
      let visible = Set(PaneID.allCases.filter { mask >> ($0.rawValue - 1) & 1 == 1 })
      for (columns, rows) in Self.sizes + [(40, 12), (59, 40), (100, 13)] {
        for preset in LayoutPreset.all {
          let layout = ScreenLayout(columns: columns, rows: rows, preset: preset, visible: visible)
          for rect in layout.panes.values {
            #expect(rect.x >= 0 && rect.y >= 1 && rect.right <= columns && rect.bottom <= rows - 1)
          }
        }
      }
    }
  }

  @Test func tinyTerminalsAreTooSmall() {
    for (columns, rows) in [(20, 5), (39, 12), (40, 11), (1, 1), (0, 0)] {
      #expect(ScreenLayout(columns: columns, rows: rows, preset: LayoutPreset.all[0], visible: []).isTooSmall)
    }
  }

  @Test func thePictureKeepsItsShape() {
    let region = Viewport().region(width: 640, height: 480)
    let cells = Viewport.cells(for: region, in: Rect(x: 0, y: 0, width: 80, height: 24))
    // 24 rows are 48 half blocks; 4:3 of them are 64 columns.
    #expect(cells == Rect(x: 8, y: 0, width: 64, height: 24))
  }

  @Test func zoomAndPanStayInside() {
    var viewport = Viewport()
    viewport.zoom(by: 4)
    for _ in 0..<40 { viewport.pan(0.5, -0.5) }
    let region = viewport.region(width: 640, height: 480)
    #expect(abs(region.right - 640) < 0.01 && abs(region.y) < 0.01 && abs(region.width - 160) < 0.01)
    viewport.zoom(by: 0.0001)
    #expect(viewport.region(width: 640, height: 480).width == 640)
  }
}
