import Kernels
import TestSupport
import Testing

@Suite struct PictureTests {
  static let formats: [ock_pixels] = (OCK_PIXELS_RGB24.rawValue...OCK_PIXELS_YUV422.rawValue).map {
    ock_pixels(rawValue: $0)
  }

  /// Bytes a row and rows of each plane.
  static func planes(_ format: ock_pixels, _ width: Int, _ height: Int) -> [(Int, Int)] {
    let (w, h) = ((width + 1) / 2, (height + 1) / 2)
    switch format {
    case OCK_PIXELS_RGB24, OCK_PIXELS_BGR24: return [(3 * width, height)]
    case OCK_PIXELS_RGBA32: return [(4 * width, height)]
    case OCK_PIXELS_GRAY8: return [(width, height)]
    case OCK_PIXELS_YUYV, OCK_PIXELS_UYVY: return [(4 * w, height)]
    case OCK_PIXELS_NV12: return [(width, height), (2 * w, h)]
    case OCK_PIXELS_YUV420: return [(width, height), (w, h), (w, h)]
    default: return [(width, height), (w, height), (w, height)]
    }
  }

  /// Runs `body` on a noisy picture, each plane in memory of exactly its size.
  static func withPicture<R>(
    _ format: ock_pixels, _ width: Int, _ height: Int, full: Bool, _ body: (inout ock_picture) -> R
  ) -> R {
    var generator = SeededGenerator(9)
    var picture = ock_picture()
    picture.format = format
    picture.full_range = full
    picture.width = Int32(width)
    picture.height = Int32(height)
    let buffers = planes(format, width, height).map { rowBytes, rows in
      let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: rowBytes * rows)
      for i in buffer.indices { buffer[i] = UInt8.random(in: 0...255, using: &generator) }
      return (buffer, rowBytes)
    }
    defer { for (buffer, _) in buffers { buffer.deallocate() } }
    withUnsafeMutableBytes(of: &picture.planes) { bytes in
      let pointers = bytes.bindMemory(to: UnsafePointer<UInt8>?.self)
      for (i, buffer) in buffers.enumerated() { pointers[i] = UnsafePointer(buffer.0.baseAddress) }
    }
    withUnsafeMutableBytes(of: &picture.row_bytes) { bytes in
      let strides = bytes.bindMemory(to: Int.self)
      for (i, buffer) in buffers.enumerated() { strides[i] = buffer.1 }
    }
    return body(&picture)
  }

  static func map(_ width: Int, _ height: Int) -> ock_picture_map {
    ock_picture_map(
      first_column: 0, end_column: Int32(width), first_row: 0, end_row: Int32(height), source_x: 0, source_y: 0,
      source_width: Double(width), source_height: Double(height), target_x: 3, target_y: 5,
      target_width: 41, target_height: 27, out_width: 50, out_height: 40, bgr: false,
      scale: (1 / 255, 1 / 128, 1), shift: (0, -1, 0.5), fill: (114, 114, 114))
  }

  @Test(arguments: availableISAs, formats)
  func resamplesLikeTheDefinition(isa: ock_isa, format: ock_pixels) {
    for (width, height, full) in [(99, 33, false), (64, 48, true), (23, 11, false), (41, 27, true), (1, 1, false)] {
      Self.withPicture(format, width, height, full: full) { picture in
        var map = Self.map(width, height)
        var out = [Float](repeating: .nan, count: 3 * 50 * 40)
        under(isa) {
          var scratch = [Float](repeating: .nan, count: ock_picture_scratch_count(Int32(width), map.target_width, 2))
          ock_picture_to_planes(&picture, &map, &out, &scratch, 2)
        }
        var expected: [Float] = []
        let scale = [map.scale.0, map.scale.1, map.scale.2]
        let shift = [map.shift.0, map.shift.1, map.shift.2]
        for plane in 0..<3 {
          for y in 0..<40 {
            for column in 0..<50 {
              let inside = (3..<44).contains(column) && (5..<32).contains(y)
              let value =
                inside ? Self.sample(&picture, plane, column - 3, y - 5) : 114
              expected.append(value * scale[plane] + shift[plane])
            }
          }
        }
        #expect(error(out, expected) < 2e-5, "\(width)x\(height)")
      }
    }
  }

  /// A region gives what a picture of its own gives, whatever lies around it.
  @Test(arguments: availableISAs, formats)
  func regionsAreClampedAtTheirOwnEdges(isa: ock_isa, format: ock_pixels) {
    let (left, top, width, height) = (6, 4, 22, 16)
    Self.withPicture(format, 47, 33, full: true) { picture in
      var map = Self.map(width, height)
      (map.first_column, map.end_column) = (Int32(left), Int32(left + width))
      (map.first_row, map.end_row) = (Int32(top), Int32(top + height))
      (map.source_x, map.source_y) = (Double(left), Double(top))
      var out = [Float](repeating: .nan, count: 3 * 50 * 40)
      under(isa) {
        var scratch = [Float](repeating: .nan, count: ock_picture_scratch_count(47, map.target_width, 1))
        ock_picture_to_planes(&picture, &map, &out, &scratch, 1)
      }
      let scale = [map.scale.0, map.scale.1, map.scale.2]
      let shift = [map.shift.0, map.shift.1, map.shift.2]
      for (plane, y, x) in [(0, 0, 0), (1, 26, 40), (2, 13, 20), (0, 26, 0), (2, 0, 40), (1, 7, 39)] {
        let value = Self.sample(&picture, plane, x, y, left: left, top: top, width: width, height: height)
        let actual = out[plane * 2000 + (y + 5) * 50 + x + 3]
        #expect(abs(actual - (value * scale[plane] + shift[plane])) < 1e-2)
      }
    }
  }

  /// One bilinear sample, by the definition.
  static func sample(
    _ picture: inout ock_picture, _ plane: Int, _ column: Int, _ row: Int, left: Int = 0, top: Int = 0,
    width: Int? = nil, height: Int? = nil
  ) -> Float {
    func tap(_ i: Int, _ count: Int, _ first: Int, _ extent: Int) -> (Int32, Int32, Float) {
      let at = min(max((Double(i) + 0.5) * Double(extent) / Double(count) - 0.5, 0), Double(extent - 1))
      return (Int32(first) + Int32(at), Int32(first + min(Int(at) + 1, extent - 1)), Float(at - at.rounded(.down)))
    }
    let (x0, x1, wx) = tap(column, 41, left, width ?? Int(picture.width))
    let (y0, y1, wy) = tap(row, 27, top, height ?? Int(picture.height))
    func pixel(_ y: Int32, _ x: Int32) -> Float { color(&picture, Int(y), Int(x))[plane] }
    let top = pixel(y0, x0) * (1 - wx) + pixel(y0, x1) * wx
    let bottom = pixel(y1, x0) * (1 - wx) + pixel(y1, x1) * wx
    return top * (1 - wy) + bottom * wy
  }

  /// One pixel's red, green and blue, by its matrix's shares of red and blue in the brightness.
  static func color(_ picture: inout ock_picture, _ row: Int, _ column: Int) -> [Float] {
    let planes = [picture.planes.0, picture.planes.1, picture.planes.2]
    let strides = [picture.row_bytes.0, picture.row_bytes.1, picture.row_bytes.2]
    func byte(_ plane: Int, _ row: Int, _ at: Int) -> Float { Float(planes[plane]?[row * strides[plane] + at] ?? 0) }
    let (pair, half) = (column / 2, row / 2)
    let y: Float
    let u: Float
    let v: Float
    switch picture.format {
    case OCK_PIXELS_RGB24: return (0..<3).map { byte(0, row, 3 * column + $0) }
    case OCK_PIXELS_BGR24: return (0..<3).map { byte(0, row, 3 * column + 2 - $0) }
    case OCK_PIXELS_RGBA32: return (0..<3).map { byte(0, row, 4 * column + $0) }
    case OCK_PIXELS_GRAY8: return [Float](repeating: byte(0, row, column), count: 3)
    case OCK_PIXELS_YUYV: (y, u, v) = (byte(0, row, 2 * column), byte(0, row, 4 * pair + 1), byte(0, row, 4 * pair + 3))
    case OCK_PIXELS_UYVY: (y, u, v) = (byte(0, row, 2 * column + 1), byte(0, row, 4 * pair), byte(0, row, 4 * pair + 2))
    case OCK_PIXELS_NV12: (y, u, v) = (byte(0, row, column), byte(1, half, 2 * pair), byte(1, half, 2 * pair + 1))
    case OCK_PIXELS_YUV420: (y, u, v) = (byte(0, row, column), byte(1, half, pair), byte(2, half, pair))
    default: (y, u, v) = (byte(0, row, column), byte(1, row, pair), byte(2, row, pair))
    }
    let (luma, spread): (Float, Float) = picture.full_range ? (y, 1) : ((y - 16) * 255 / 219, 255 / 224)
    let (cb, cr) = ((u - 128) * spread, (v - 128) * spread)
    let shares: [(red: Float, blue: Float)] = [(0.299, 0.114), (0.2126, 0.0722), (0.2627, 0.0593), (0.212, 0.087)]
    let (kr, kb) = shares[Int(picture.matrix.rawValue)]
    let (red, blue) = (luma + 2 * (1 - kr) * cr, luma + 2 * (1 - kb) * cb)
    return [red, (luma - kr * red - kb * blue) / (1 - kr - kb), blue].map { min(max($0, 0), 255) }
  }

  @Test(arguments: availableISAs, formats)
  func everyMatrix(isa: ock_isa, format: ock_pixels) {
    let (width, height) = (37, 9)
    for matrix in [OCK_MATRIX_BT601, OCK_MATRIX_BT709, OCK_MATRIX_BT2020, OCK_MATRIX_SMPTE240] {
      for full in [false, true] {
        Self.withPicture(format, width, height, full: full) { picture in
          picture.matrix = matrix
          var out = [UInt8](repeating: 0, count: 3 * width * height)
          under(isa) {
            var scratch = [Float](repeating: .nan, count: ock_picture_scratch_count(Int32(width), 0, 1))
            ock_picture_to_rgb(&picture, &out, 3 * width, &scratch, 1)
          }
          var worst: Float = 0
          for row in 0..<height {
            for column in 0..<width {
              for (plane, value) in Self.color(&picture, row, column).enumerated() {
                worst = max(worst, abs(Float(out[3 * (row * width + column) + plane]) - value))
              }
            }
          }
          #expect(worst <= 0.502, "matrix \(matrix), full range \(full)")
        }
      }
    }
  }

  @Test(arguments: availableISAs, formats)
  func becomesBytes(isa: ock_isa, format: ock_pixels) {
    let (width, height) = (37, 9)
    Self.withPicture(format, width, height, full: false) { picture in
      var out = [UInt8](repeating: 0, count: 3 * width * height)
      under(isa) {
        var scratch = [Float](repeating: .nan, count: ock_picture_scratch_count(Int32(width), 0, 2))
        ock_picture_to_rgb(&picture, &out, 3 * width, &scratch, 2)
      }
      for row in 0..<height {
        for column in 0..<width {
          for (plane, value) in Self.color(&picture, row, column).enumerated() {
            #expect(abs(Float(out[3 * (row * width + column) + plane]) - value) <= 0.502)
          }
        }
      }
    }
  }

  @Test(arguments: availableISAs, [(80, 8400), (3, 70), (1, 5), (17, 130)])
  func scansFindWhatPasses(isa: ock_isa, size: (Int, Int)) {
    let (classes, anchors) = size
    let scores = noise(classes * anchors, seed: 3).map(abs)
    let rows = (0..<anchors * classes).map { scores[$0 % classes * anchors + $0 / classes] }
    let threshold: Float = classes == 80 ? 0.999 : 0.9
    var expected: [ock_candidate] = []
    for anchor in 0..<anchors {
      let own = rows[anchor * classes..<(anchor + 1) * classes]
      guard let top = own.max(), top > threshold, let winner = own.firstIndex(of: top) else { continue }
      expected.append(
        ock_candidate(anchor: Int32(anchor), class_index: Int32(winner - anchor * classes), score: top))
    }
    var found = [ock_candidate](repeating: ock_candidate(), count: anchors)
    func check(_ count: Int32, _ limit: Int = .max) {
      #expect(Int(count) == min(limit, expected.count))
      for (a, e) in zip(found.prefix(Int(count)), expected) {
        #expect(a.anchor == e.anchor && a.class_index == e.class_index && a.score == e.score)
      }
    }
    under(isa) {
      check(ock_scan_columns(scores, Int32(classes), Int32(anchors), anchors, threshold, &found, Int32(anchors)))
      check(ock_scan_columns(scores, Int32(classes), Int32(anchors), anchors, threshold, &found, 2), 2)
      check(ock_scan_rows(rows, Int32(classes), Int32(anchors), classes, 0, threshold, &found, Int32(anchors)))
    }
  }
}
