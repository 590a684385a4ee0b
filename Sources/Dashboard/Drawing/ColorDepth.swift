/// How many colours the terminal shows, best last.
package enum ColorDepth: String, Sendable, CaseIterable, Comparable {
  case mono
  case eight
  case sixteen = "16"
  case indexed = "256"
  case truecolor

  package static func < (a: ColorDepth, b: ColorDepth) -> Bool { a.rank < b.rank }

  private var rank: Int {
    switch self {
    case .mono: 0
    case .eight: 1
    case .sixteen: 2
    case .indexed: 3
    case .truecolor: 4
    }
  }
}
