import Ground
import Kernels

/// Resize and Upsample of pictures, nearest and linear, blocked.
///
/// Where each output pixel comes from is read off the reference operator, by letting it resize a ramp: so every
/// coordinate transform and rounding mode is the reference's own.
enum ResizeKernels {
  @Sendable static func compile(_ request: CompileRequest) throws -> Compilation? {
    guard let input = request.inputs[0], let output = request.outputs.first, input.shape.count == 4,
      input.canBeBlocked, output.canBeBlocked, input.shape[..<2] == output.shape[..<2],
      input.fitsKernels, output.fitsKernels, try canBeRead(request.node.attributes)
    else { return nil }
    let isNearest = try request.node.attributes.string("mode", default: "nearest") == "nearest"
    let isBytes = input.type == .uint8
    if isBytes { guard isNearest, input.channelBlock == Fact.wideByteBlock else { return nil } }
    guard let rows = try ramp(request, axis: 2), let columns = try ramp(request, axis: 3) else { return nil }
    let extents = Extents(
      blocks: Int32(clamping: input.blockCount), inHeight: Int32(input.shape[2]), inWidth: Int32(input.shape[3]),
      outHeight: Int32(output.shape[2]), outWidth: Int32(output.shape[3]))
    let kernel: any Kernel =
      isNearest
      ? NearestKernel(
        extents: extents, rows: rows.map { Int32(saturating: $0) }, columns: columns.map { Int32(saturating: $0) },
        isBytes: isBytes)
      : LinearKernel(
        extents: extents, rows: taps(rows, extent: input.shape[2]), columns: taps(columns, extent: input.shape[3]))
    var compiled = CompiledKernel(kernel, inputs: request.inputs.count, layout: .blocked)
    for index in compiled.reads.indices.dropFirst() { compiled.reads[index] = false }
    return .kernel(compiled)
  }

  /// Whether one coordinate an axis says it all.
  private static func canBeRead(_ attributes: NodeAttributes) throws -> Bool {
    let mode = try attributes.string("mode", default: "nearest")
    let transform = try attributes.string("coordinate_transformation_mode", default: "half_pixel")
    let antialias = try attributes.flag("antialias")
    return ["nearest", "linear", "bilinear"].contains(mode) && transform != "tf_crop_and_resize" && !antialias
  }

  /// The source coordinate of each output position along `axis`: the reference's answer on a picture of one item and
  /// channel whose values are that coordinate.
  private static func ramp(_ request: CompileRequest, axis: Int) throws -> [Float]? {
    guard let input = request.inputs[0], let output = request.outputs.first else { return nil }
    let (height, width) = (input.shape[2], input.shape[3])
    guard height < 1 << 20, width < 1 << 20 else { return nil }
    let values = (0..<height * width).map { Float(axis == 2 ? $0 / width : $0 % width) }
    var arguments: [Value?] = [.tensor(Tensor([1, 1, height, width], values))]
    for (index, constant) in request.constants.enumerated().dropFirst() {
      guard let constant else {
        if request.inputs[index] != nil { return nil }
        arguments.append(nil)
        continue
      }
      // Sizes name batch and channels too; the ramp has one of each.
      let isSizes = constant.type == .int64 && constant.count == 4
      arguments.append(
        .tensor(isSizes ? Tensor([4], [1, 1, Int64(output.shape[2]), Int64(output.shape[3])]) : constant))
    }
    let results = try request.node.evaluator.evaluate(arguments, LoneContext())
    let picture = try results[0].tensor()
    guard picture.shape == [1, 1, output.shape[2], output.shape[3]] else { return nil }
    let y = picture.array(of: Float.self)
    return axis == 2
      ? (0..<output.shape[2]).map { y[$0 * output.shape[3]] } : Array(y[..<output.shape[3]])
  }

  private static func taps(_ coordinates: [Float], extent: Int) -> [ock_tap] {
    coordinates.map { at in
      let low = min(max(at.rounded(.down), 0), Float(extent - 1))
      return ock_tap(
        low: Int32(saturating: low), high: Int32(min(Int(saturating: low) + 1, extent - 1)), weight: at - low)
    }
  }

  private struct Extents: Sendable {
    let blocks, inHeight, inWidth, outHeight, outWidth: Int32
  }

  private struct NearestKernel: Kernel {
    let extents: Extents
    let rows, columns: [Int32]
    let isBytes: Bool

    func run(_ call: KernelCall) {
      if isBytes {
        return ock_byte_resize_nearest(
          call.input(0), call.output(0), extents.blocks, extents.inHeight, extents.inWidth, extents.outHeight,
          extents.outWidth, rows, columns, call.threads)
      }
      ock_resize_nearest(
        call.input(0), call.output(0), extents.blocks, extents.inHeight, extents.inWidth, extents.outHeight,
        extents.outWidth, rows, columns, call.threads)
    }
  }

  private struct LinearKernel: Kernel {
    let extents: Extents
    let rows, columns: [ock_tap]

    func run(_ call: KernelCall) {
      ock_resize_linear(
        call.input(0), call.output(0), extents.blocks, extents.inHeight, extents.inWidth, extents.outHeight,
        extents.outWidth, rows, columns, call.threads)
    }
  }
}
