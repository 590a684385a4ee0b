import Ground
import Kernels

/// GridSample of pictures, bilinear, with zeros or the border outside.
enum SamplingKernels {
  @Sendable static func compile(_ request: CompileRequest) throws -> Compilation? {
    guard request.isFloat(0), request.isFloat(1), let input = request.inputs[0], let grid = request.inputs[1],
      let output = request.outputs.first, input.shape.count == 4, grid.shape.count == 4, grid.shape[3] == 2,
      grid.shape[0] == input.shape[0], output.shape == Array(input.shape[..<2]) + Array(grid.shape[1..<3]),
      input.count > 0, grid.count > 0, input.fitsKernels, max(input.count, grid.count) <= Int(Int32.max)
    else { return nil }
    let settings = try GridSettings(request.node.attributes)
    guard settings.mode == .linear, settings.padding != .reflection else { return nil }
    let kernel = LinearSampling(
      sampling: ock_sampling(
        batch: Int32(input.shape[0]), channels: Int32(input.shape[1]), height: Int32(input.shape[2]),
        width: Int32(input.shape[3]), places: Int32(grid.shape[1] * grid.shape[2]), align_corners: settings.aligns,
        border: settings.padding == .border))
    return .kernel(CompiledKernel(kernel, inputs: 2))
  }

  private struct LinearSampling: Kernel {
    let sampling: ock_sampling

    func run(_ call: KernelCall) {
      withUnsafePointer(to: sampling) {
        ock_sample_linear($0, call.input(0), call.input(1), call.output(0), call.threads)
      }
    }
  }
}
