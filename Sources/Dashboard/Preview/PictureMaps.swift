import Ground
package import Perception
import Vision

/// A map over the picture: a layer of a stage that colours places of it, or the masks of the objects that a stage found.
package struct PictureMap: Hashable, Sendable {
  package var stage: StageID
  /// The kind of the layer; ``masks`` for masks of objects.
  package var kind: String

  package static let masks = "masks"

  package init(stage: StageID, kind: String) {
    self.stage = stage
    self.kind = kind
  }

  package var title: String { stage.name == kind ? kind : "\(stage.name) \(kind)" }

  /// The maps of a frame, in the order of the pipeline, masks last.
  package static func all(in findings: Findings) -> [PictureMap] {
    var maps: [PictureMap] = []
    for layer in findings.layers where MapPainter.painter(for: layer) != nil {
      maps.append(PictureMap(stage: layer.stage, kind: layer.kind))
    }
    for detection in findings.detections where detection.mask != nil {
      let map = PictureMap(stage: detection.stage, kind: masks)
      if !maps.contains(map) { maps.append(map) }
    }
    return maps
  }
}

/// The maps that are drawn over the picture.
package enum MapChoice: Hashable, Sendable {
  case all
  case one(PictureMap)
  case none

  package func includes(_ map: PictureMap) -> Bool {
    switch self {
    case .all: true
    case .one(let chosen): chosen == map
    case .none: false
    }
  }

  /// The next choice: all maps, each of them alone, none.
  package func next(among maps: [PictureMap]) -> MapChoice {
    switch self {
    case .all: return maps.first.map { .one($0) } ?? .none
    case .one(let map):
      guard let index = maps.firstIndex(of: map), index + 1 < maps.count else { return .none }
      return .one(maps[index + 1])
    case .none: return .all
    }
  }

  package var title: String {
    switch self {
    case .all: "all maps"
    case .one(let map): map.title
    case .none: "no maps"
    }
  }
}

/// How a kind of layer colours the picture. A new kind of map is a row of ``all``.
struct MapPainter: Sendable {
  /// The size of the picture in pixels.
  typealias Size = (width: Float, height: Float)
  /// A colour for a place in pixels of the picture; nil where the picture shows through.
  typealias Colors = (_ x: Float, _ y: Float) -> Color?

  let kind: String
  /// How much of the colour covers the picture, in 256ths.
  let share: Int
  /// The colours of a layer's content; nil for content of another kind, or that is not complete.
  let colors: @Sendable (any LayerContent, Size, Theme) -> Colors?

  private init<Content: LayerContent>(
    _: Content.Type, share: Int, colors: @escaping @Sendable (Content, Size, Theme) -> Colors?
  ) {
    kind = Content.kind
    self.share = share
    self.colors = { content, size, theme in (content as? Content).flatMap { colors($0, size, theme) } }
  }

  /// The first is painted first, under the others.
  static let all: [MapPainter] = [
    // Depth covers the picture almost completely: a mixture of both would be unreadable.
    MapPainter(DepthMap.self, share: 230) { map, size, _ in
      guard let grid = Grid(map.columns, map.rows, cells: map.nearness.count, over: size) else { return nil }
      return { x, y in
        let (red, green, blue) = DepthMap.color(map.nearness[grid.cell(x, y)])
        return Color(red, green, blue)
      }
    },
    MapPainter(SegmentationMap.self, share: 100) { map, size, theme in
      guard let grid = Grid(map.columns, map.rows, cells: map.classes.count, over: size) else { return nil }
      let background = map.background
      return { x, y in
        let id = map.classes[grid.cell(x, y)]
        return id == background ? nil : theme.color(ofClass: Int(id))
      }
    },
    MapPainter(Motion.self, share: 90) { motion, _, theme in
      let color = theme[.highlight]
      return { x, y in
        motion.regions.contains { x >= $0.x && x < $0.right && y >= $0.y && y < $0.bottom } ? color : nil
      }
    },
  ]

  static func painter(for layer: Layer) -> MapPainter? { all.first { $0.kind == layer.kind } }

  /// A row-major grid that stretches over the whole picture.
  private struct Grid {
    var columns: Int
    var rows: Int
    var size: Size

    /// nil where the grid is empty or has too few cells.
    init?(_ columns: Int, _ rows: Int, cells: Int, over size: Size) {
      guard columns > 0, rows > 0, cells >= columns * rows else { return nil }
      self.columns = columns
      self.rows = rows
      self.size = size
    }

    func cell(_ x: Float, _ y: Float) -> Int {
      let column = min(columns - 1, max(0, Int(saturating: x / size.width * Float(columns))))
      let row = min(rows - 1, max(0, Int(saturating: y / size.height * Float(rows))))
      return row * columns + column
    }
  }
}
