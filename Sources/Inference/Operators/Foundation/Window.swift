import Ground

/// The sliding window of convolutions and poolings: attributes as the node gives them.
package struct WindowAttributes: Sendable {
  package enum Padding: Sendable { case explicit, sameUpper, sameLower, valid }

  /// nil where the weight's shape decides.
  package var kernel: [Int]?
  package var strides: [Int]?
  package var dilations: [Int]?
  package var pads: [Int]?
  package var padding: Padding
  package var roundsUp: Bool

  /// Larger windows, steps and pads than this no network has, and products of them stay far from overflow.
  private static let extentLimit = 1 << 20

  package init(_ attributes: NodeAttributes) throws {
    kernel = try attributes.ints("kernel_shape")
    strides = try attributes.ints("strides")
    dilations = try attributes.ints("dilations")
    pads = try attributes.ints("pads")
    roundsUp = try attributes.flag("ceil_mode")
    switch try attributes.string("auto_pad", default: "NOTSET") {
    case "NOTSET", "": padding = .explicit
    case "SAME_UPPER": padding = .sameUpper
    case "SAME_LOWER": padding = .sameLower
    case "VALID": padding = .valid
    case let other: throw InferenceError(.badAttribute, "unknown auto_pad '\(other)'")
    }
    for (name, list, least) in [
      ("kernel_shape", kernel, 1), ("strides", strides, 1), ("dilations", dilations, 1), ("pads", pads, 0),
    ] {
      guard (list ?? []).allSatisfy({ $0 >= least && $0 <= WindowAttributes.extentLimit }) else {
        throw InferenceError(.badAttribute, "attribute '\(name)' is out of range")
      }
    }
  }
}

/// A window over an input of known size, always with three spatial axes: missing ones lead with extent 1.
package struct WindowGeometry: Sendable, Equatable {
  package var input: [Int]
  package var kernel: [Int]
  package var strides: [Int]
  package var dilations: [Int]
  package var padBegin: [Int]
  package var padEnd: [Int]
  package var output: [Int]
  /// How many of the axes are real.
  package var rank: Int

  package var inputCount: Int { input[0] * input[1] * input[2] }
  package var outputCount: Int { output[0] * output[1] * output[2] }
  package var kernelCount: Int { kernel[0] * kernel[1] * kernel[2] }
  /// The output's real extents.
  package var outputShape: [Int] { Array(output[(3 - rank)...]) }
  package var inputShape: [Int] { Array(input[(3 - rank)...]) }

  /// The geometry over the spatial extents `spatial` of an input.
  ///
  /// - Throws: ``InferenceError`` when attribute lengths, kernel and extents do not fit each other.
  package init(_ attributes: WindowAttributes, spatial: [Int], kernel: [Int]) throws {
    rank = spatial.count
    guard (1...3).contains(rank) else {
      throw InferenceError(.badShape, "one to three spatial axes are wanted, not \(rank)")
    }
    guard kernel.count == rank, (attributes.strides ?? kernel).count == rank,
      (attributes.dilations ?? kernel).count == rank, (attributes.pads?.count ?? 2 * rank) == 2 * rank
    else { throw InferenceError(.badAttribute, "window attributes do not have \(rank) axes") }
    if let declared = attributes.kernel, declared != kernel {
      throw InferenceError(.badAttribute, "kernel_shape \(declared) differs from the weight's \(kernel)")
    }
    guard kernel.allSatisfy({ $0 >= 1 }) else { throw InferenceError(.badShape, "an empty kernel") }
    let fill = [Int](repeating: 1, count: 3 - rank)
    let none = [Int](repeating: 0, count: 3 - rank)
    let unit = [Int](repeating: 1, count: rank)
    input = fill + spatial
    self.kernel = fill + kernel
    strides = fill + (attributes.strides ?? unit)
    dilations = fill + (attributes.dilations ?? unit)
    let pads = attributes.pads ?? [Int](repeating: 0, count: 2 * rank)
    padBegin = none + pads[..<rank]
    padEnd = none + pads[rank...]
    output = [1, 1, 1]
    for axis in 3 - rank..<3 { try resolve(axis, attributes) }
  }

  private mutating func resolve(_ axis: Int, _ attributes: WindowAttributes) throws {
    let reach = dilations[axis] * (kernel[axis] - 1) + 1
    let (extent, stride) = (input[axis], strides[axis])
    switch attributes.padding {
    case .explicit: break
    case .valid: (padBegin[axis], padEnd[axis]) = (0, 0)
    case .sameUpper, .sameLower:
      let wanted = (extent + stride - 1) / stride
      let total = max(0, (wanted - 1) * stride + reach - extent)
      let small = total / 2
      padBegin[axis] = attributes.padding == .sameUpper ? small : total - small
      padEnd[axis] = total - padBegin[axis]
    }
    let room = extent + padBegin[axis] + padEnd[axis] - reach
    guard room >= 0 else {
      throw InferenceError(.badShape, "the window reaches over \(reach) elements, the padded input has fewer")
    }
    var count = room / stride + 1
    if attributes.roundsUp, room % stride != 0, attributes.padding == .explicit {
      // A window that would start in the trailing padding is dropped.
      if count * stride < extent + padBegin[axis] { count += 1 }
    }
    output[axis] = count
  }

  /// The output positions along `axis` whose window element `offset` (in input elements) lies inside the input.
  package func validRange(_ axis: Int, kernelIndex: Int) -> Range<Int> {
    let offset = kernelIndex * dilations[axis] - padBegin[axis]
    let stride = strides[axis]
    let lower = offset >= 0 ? 0 : (-offset + stride - 1) / stride
    let beyond = input[axis] - offset
    let upper = beyond <= 0 ? 0 : (beyond + stride - 1) / stride
    let end = min(output[axis], upper)
    return min(lower, end)..<end
  }
}
