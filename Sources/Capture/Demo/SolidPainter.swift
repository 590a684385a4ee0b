/// The light of the scene at one moment.
struct SceneLight {
  /// Towards the lamp, unit length.
  var direction: Point
  var ambient: Float
  var diffuse: Float
}

/// Draws figures part by part, far ones first, as flat-shaded convex polygons.
///
/// Holds scratch memory; owned by one renderer, freed by it.
struct SolidPainter {
  private static let ringSides = 10
  private static let mostCorners = 24

  let camera: SceneCamera
  private let filler: PolygonFiller
  /// Corners of the polygon in work: in the camera's frame, clipped, and in pixels.
  private let viewed: UnsafeMutablePointer<Point>
  private let clipped: UnsafeMutablePointer<Point>
  private let pixels: UnsafeMutablePointer<SIMD2<Float>>
  private let ring: UnsafeMutablePointer<Point>

  init(camera: SceneCamera, rows: Int) {
    self.camera = camera
    filler = PolygonFiller(rows: rows)
    viewed = .allocate(capacity: Self.mostCorners)
    clipped = .allocate(capacity: Self.mostCorners * 2)
    pixels = .allocate(capacity: Self.mostCorners * 2)
    ring = .allocate(capacity: Self.mostCorners)
  }

  func free() {
    filler.free()
    viewed.deallocate()
    clipped.deallocate()
    pixels.deallocate()
    ring.deallocate()
  }

  /// Where one figure stands and how it is lit and cut.
  struct Placement {
    var origin: Point
    /// The figure's right and ahead on the floor.
    var right: Point
    var ahead: Point
    var light: SceneLight
    /// Share of its own colour that is left, towards `fog`, in the dark behind the gate.
    var clarity: Float
    var fog: SIMD3<Float>
    var clip: ClipRectangle
    /// Shift of this exposure, in pixels.
    var shift: SIMD2<Float>

    @inline(__always) func world(_ p: Point) -> Point { origin + turned(p) }
    @inline(__always) func turned(_ p: Point) -> Point { right * p.x + Point(0, p.y, 0) + ahead * p.z }
  }

  /// Draws `parts`, in the order that `order` is put into here.
  func draw<Sink: SpanSink>(
    _ parts: UnsafeBufferPointer<SolidPart>, order: inout [(distance: Float, index: Int)], at place: Placement,
    into sink: inout Sink
  ) {
    order.removeAll(keepingCapacity: true)
    for index in parts.indices {
      let part = parts[index]
      let anchor = part.shape == .column ? (part.a + part.b) * 0.5 : part.a
      let offset = place.world(anchor) - camera.position
      order.append((dot(offset, offset).squareRoot() - part.bias, index))
    }
    order.sort { $0.distance != $1.distance ? $0.distance > $1.distance : $0.index < $1.index }
    for (_, index) in order {
      let part = parts[index]
      switch part.shape {
      case .block: block(part, place, &sink)
      case .column: column(part, place, &sink)
      case .ball: ball(part, place, &sink)
      case .panel: panel(part, place, &sink)
      }
    }
  }

  /// Darkens the floor polygon `corners` (world), as a shadow.
  func shadow<Sink: SpanSink>(
    _ corners: UnsafeBufferPointer<Point>, keep: UInt16, clip: ClipRectangle, shift: SIMD2<Float>, into sink: inout Sink
  ) {
    for index in 0..<min(corners.count, Self.mostCorners) { viewed[index] = camera.view(corners[index]) }
    let count = project(min(corners.count, Self.mostCorners), shift)
    filler.fill(
      UnsafeBufferPointer(start: pixels, count: count), top: .zero, bottom: .zero, keep: keep, clip: clip, into: &sink)
  }

  /// Fills the world polygon `corners` with colours from its top to its bottom row: walls, lamps, markings.
  func surface<Sink: SpanSink>(
    _ corners: [Point], _ top: SIMD3<Float>, _ bottom: SIMD3<Float>, clip: ClipRectangle, shift: SIMD2<Float>,
    into sink: inout Sink
  ) {
    for index in 0..<min(corners.count, Self.mostCorners) { viewed[index] = camera.view(corners[index]) }
    let count = project(min(corners.count, Self.mostCorners), shift)
    filler.fill(UnsafeBufferPointer(start: pixels, count: count), top: top, bottom: bottom, clip: clip, into: &sink)
  }

  /// Cuts the viewed polygon at the near plane and projects what is left; returns its corner count.
  @inline(__always)
  private func project(_ count: Int, _ shift: SIMD2<Float>) -> Int {
    var kept = 0
    var previous = viewed[count - 1]
    for index in 0..<count {
      let corner = viewed[index]
      let inside = corner.z >= SceneCamera.nearest
      if inside != (previous.z >= SceneCamera.nearest) {
        let share = (SceneCamera.nearest - previous.z) / (corner.z - previous.z)
        clipped[kept] = previous + (corner - previous) * share
        clipped[kept].z = SceneCamera.nearest
        kept += 1
      }
      if inside {
        clipped[kept] = corner
        kept += 1
      }
      previous = corner
    }
    for index in 0..<kept { pixels[index] = camera.pixel(ofViewed: clipped[index]) + shift }
    return kept
  }

  @inline(__always)
  private func shade(_ part: SolidPart, _ normal: Point, _ place: Placement) -> SIMD3<Float> {
    let light =
      part.glows ? 1.1 : place.light.ambient + place.light.diffuse * max(0, dot(normal, place.light.direction))
    return place.fog + (part.colour * light - place.fog) * place.clarity
  }

  /// Projects and fills `viewed[0..<count]`, a little darker towards the floor.
  @inline(__always)
  private func emit<Sink: SpanSink>(
    _ count: Int, _ colour: SIMD3<Float>, glows: Bool, _ place: Placement, _ sink: inout Sink
  ) {
    let kept = project(count, place.shift)
    let low = glows ? colour : colour * 0.87
    filler.fill(
      UnsafeBufferPointer(start: pixels, count: kept), top: colour, bottom: low, clip: place.clip, into: &sink)
  }

  private func block<Sink: SpanSink>(_ part: SolidPart, _ place: Placement, _ sink: inout Sink) {
    let center = place.world(part.a)
    let axes = (place.turned(part.b), place.turned(part.c), place.turned(part.d))
    face(part, center, axes.0, axes.1, axes.2, place, &sink)
    face(part, center, axes.1, axes.2, axes.0, place, &sink)
    face(part, center, axes.2, axes.0, axes.1, place, &sink)
  }

  /// The one of the two faces across `axis` that looks at the camera.
  @inline(__always)
  private func face<Sink: SpanSink>(
    _ part: SolidPart, _ center: Point, _ axis: Point, _ u: Point, _ v: Point, _ place: Placement, _ sink: inout Sink
  ) {
    // The face's normal, which for a slanted block is not its axis.
    var normal = normalised(cross(u, v))
    if dot(normal, axis) < 0 { normal = -normal }
    var middle = center + axis
    if dot(normal, camera.position - middle) <= 0 {
      normal = -normal
      middle = center - axis
      guard dot(normal, camera.position - middle) > 0 else { return }
    }
    viewed[0] = camera.view(middle - u - v)
    viewed[1] = camera.view(middle + u - v)
    viewed[2] = camera.view(middle + u + v)
    viewed[3] = camera.view(middle - u + v)
    emit(4, shade(part, normal, place), glows: part.glows, place, &sink)
  }

  private func panel<Sink: SpanSink>(_ part: SolidPart, _ place: Placement, _ sink: inout Sink) {
    let center = place.world(part.a)
    let (u, v) = (place.turned(part.b), place.turned(part.c))
    var normal = normalised(cross(u, v))
    if part.bias > 0 {
      // A mark on a surface: seen only from outside the figure.
      let outward = place.turned(Point(part.a.x, 0.01, part.a.z))
      if dot(normal, outward) < 0 { normal = -normal }
      guard dot(normal, camera.position - center) > 0 else { return }
    } else if dot(normal, camera.position - center) < 0 {
      normal = -normal
    }
    if part.sides == 4 {
      viewed[0] = camera.view(center - u - v)
      viewed[1] = camera.view(center + u - v)
      viewed[2] = camera.view(center + u + v)
      viewed[3] = camera.view(center - u + v)
    } else {
      // A corner up for triangles and pentagons, a flat top for octagons.
      let start: Float = part.sides % 2 == 1 ? 0.25 : 0.25 + 0.5 / Float(part.sides)
      for corner in 0..<part.sides {
        let turn = start + Float(corner) / Float(part.sides)
        viewed[corner] = camera.view(center + u * cosineOfTurns(turn) + v * sineOfTurns(turn))
      }
    }
    emit(part.sides, shade(part, normal, place), glows: part.glows, place, &sink)
  }

  private func column<Sink: SpanSink>(_ part: SolidPart, _ place: Placement, _ sink: inout Sink) {
    let (from, to) = (place.world(part.a), place.world(part.b))
    let axis = normalised(to - from)
    let helper = abs(axis.y) < 0.9 ? Point(0, 1, 0) : Point(1, 0, 0)
    let across = normalised(cross(axis, helper))
    let other = cross(axis, across)
    let n = Self.ringSides
    for side in 0..<n {
      let turn = (Float(side) + 0.5) / Float(n)
      ring[side] = across * cosineOfTurns(turn) + other * sineOfTurns(turn)
    }
    for side in 0..<n {
      let (one, two) = (ring[side], ring[side + 1 == n ? 0 : side + 1])
      let normal = normalised(one + two)
      guard dot(normal, camera.position - (from + normal * part.r)) > 0 else { continue }
      viewed[0] = camera.view(from + one * part.r)
      viewed[1] = camera.view(from + two * part.r)
      viewed[2] = camera.view(to + two * part.s)
      viewed[3] = camera.view(to + one * part.s)
      emit(4, shade(part, normal, place), glows: false, place, &sink)
    }
    cap(part, to, axis, part.s, place, &sink)
    cap(part, from, -axis, part.r, place, &sink)
  }

  @inline(__always)
  private func cap<Sink: SpanSink>(
    _ part: SolidPart, _ center: Point, _ normal: Point, _ radius: Float, _ place: Placement, _ sink: inout Sink
  ) {
    guard radius > 0.02, dot(normal, camera.position - center) > 0 else { return }
    for side in 0..<Self.ringSides { viewed[side] = camera.view(center + ring[side] * radius) }
    emit(Self.ringSides, shade(part, normal, place), glows: false, place, &sink)
  }

  /// A disc towards the camera with a lit side: three discs, each smaller, nearer the lamp and lighter.
  private func ball<Sink: SpanSink>(_ part: SolidPart, _ place: Placement, _ sink: inout Sink) {
    let center = camera.view(place.world(part.a))
    guard center.z > SceneCamera.nearest else { return }
    let lamp = camera.view(place.light.direction + camera.position)
    let base = place.light.ambient
    for layer in 0..<3 {
      let share = Float(layer) / 3
      let tone = part.glows ? 1.1 : base + place.light.diffuse * (0.15 + 0.75 * share)
      let radius = part.r * (1 - share * 0.85)
      let middle = center + Point(lamp.x, lamp.y, 0) * (part.r * share * 0.6)
      for corner in 0..<14 {
        let turn = Float(corner) / 14
        viewed[corner] = middle + Point(cosineOfTurns(turn) * radius, sineOfTurns(turn) * radius, 0)
      }
      emit(14, place.fog + (part.colour * tone - place.fog) * place.clarity, glows: true, place, &sink)
    }
  }
}
