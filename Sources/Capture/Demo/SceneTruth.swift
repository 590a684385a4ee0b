import Ground

extension SceneRenderer {
  /// What can be seen in frame `index`, from the middle of its exposure: exact outlines, by drawing object numbers
  /// instead of colours. Objects with no visible pixel are left out.
  package func truth(frame index: UInt64) -> [SceneObject] {
    var (all, one) =
      truthLayers ?? (IdentityLayer(width: width, height: height), IdentityLayer(width: width, height: height))
    truthLayers = (all, one)
    all.clear()
    arrange(at: time(ofFrame: index))
    for (number, pose) in poses.enumerated() {
      all.current = UInt8(truncatingIfNeeded: number + 1)
      draw(pose, shift: .zero, into: &all)
    }
    let extents = extents(in: all, count: poses.count)
    var objects: [SceneObject] = []
    one.clear()
    for (number, pose) in poses.enumerated() {
      let seen = extents[number]
      guard seen.pixels > 0 else { continue }
      // Its outline with nobody before it: a number of its own needs no clearing in between.
      one.current = UInt8(truncatingIfNeeded: number + 1)
      one.changed = 0
      draw(pose, shift: .zero, into: &one)
      let shown = Float(seen.pixels) / Float(max(1, one.changed)) * inFrame(pose) * clarity(at: pose.z)
      objects.append(
        SceneObject(
          id: pose.id, kind: pose.kind, state: pose.state, motion: pose.motion, motionAge: pose.motionAge,
          x: seen.left, y: seen.top, width: seen.right - seen.left, height: seen.bottom - seen.top,
          visibility: min(1, shown)))
    }
    return objects
  }

  private struct Extent {
    var left = Int.max
    var top = 0
    var right = 0
    var bottom = 0
    var pixels = 0
  }

  /// Where the numbers 1...`count` are.
  private func extents(in layer: IdentityLayer, count: Int) -> [Extent] {
    var extents = [Extent](repeating: Extent(), count: count)
    for row in 0..<height {
      let line = layer.numbers + row * width
      for x in 0..<width where line[x] != 0 {
        let index = Int(line[x]) - 1
        if extents[index].pixels == 0 { extents[index].top = row }
        extents[index].left = min(extents[index].left, x)
        extents[index].right = max(extents[index].right, x + 1)
        extents[index].bottom = row + 1
        extents[index].pixels += 1
      }
    }
    return extents
  }

  /// Share of the figure's bounding rectangle that the frame (or the gate) does not cut off.
  private func inFrame(_ pose: ActorPose) -> Float {
    let (halfX, halfZ, _) = footprint(pose)
    let half = max(halfX, halfZ)
    let tall: Float = pose.kind == .person ? 1.8 : pose.kind == .forklift ? 2.3 : pose.kind == .sign ? 1.65 : 0.9
    let near = camera(pose.x - half, 0, pose.z)
    let far = camera(pose.x + half, tall, pose.z)
    guard let near, let far else { return 0.2 }
    let clip = pose.z > SceneScript.wallDistance ? gate : whole
    let wide = max(0, min(far.x, clip.right) - max(near.x, clip.left))
    let high = max(0, min(near.y, clip.bottom) - max(far.y, clip.top))
    return wide * high / max(1, (far.x - near.x) * (near.y - far.y))
  }

  private func camera(_ x: Float, _ y: Float, _ z: Float) -> SIMD2<Float>? {
    let p = painter.camera.view(Point(x, y, z))
    return p.z > SceneCamera.nearest ? painter.camera.pixel(ofViewed: p) : nil
  }
}
