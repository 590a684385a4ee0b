import Capture
import Foundation
import Ground
import Testing
import Vision

@Suite struct PictureHealthTests {
  /// What is complained about at the end of some seconds of a source.
  private func complaints(
    _ source: any FrameSource, seconds: Double = 6, isStill: Bool = false
  ) throws -> Set<PictureComplaint> {
    var monitor = PictureHealthMonitor(isStill: isStill)
    var health: PictureHealth?
    for _ in 0..<Int(saturating: seconds * 30) {
      if case .frame(let frame) = try source.next(timeout: 0) {
        health = monitor.observe(frame.image, at: frame.timestamp)
      }
    }
    return Set(health?.complaints ?? [])
  }

  @Test(arguments: [PixelFormat.yuyv, .gray8, .rgb24, .yuv420, .nv12])
  func ordinaryPicturesRaiseNoComplaint(format: PixelFormat) throws {
    #expect(try complaints(MadeSource { scenePicture($0, format: format) }).isEmpty)
  }

  @Test(arguments: [
    (SourceFault.Kind.freeze, PictureComplaint.frozen), (.dark, .dark), (.overexposed, .overexposed), (.blur, .blurred),
    (.cover, .covered), (.flicker, .flicker),
  ])
  func eachFaultIsNamed(kind: SourceFault.Kind, complaint: PictureComplaint) throws {
    for format in [PixelFormat.yuyv, .rgb24] {
      let source = FaultySource(
        MadeSource { scenePicture($0, format: format) }, faults: [SourceFault(kind, start: 1, duration: 100)])
      let found = try complaints(source)
      #expect(found == [complaint], "\(format)")
    }
  }

  @Test func complaintsEnd() throws {
    let source = FaultySource(
      MadeSource { scenePicture($0) },
      faults: [SourceFault(.dark, start: 1, duration: 3), SourceFault(.freeze, start: 6, duration: 5)])
    #expect(try complaints(source, seconds: 3.5) == [.dark])
    #expect(try complaints(source, seconds: 2).isEmpty)
    #expect(try complaints(source, seconds: 7).isEmpty)
  }

  @Test func aPhotoIsNotFrozen() throws {
    #expect(try complaints(MadeSource { _ in scenePicture(1) }, isStill: true).isEmpty)
    #expect(try complaints(MadeSource { _ in scenePicture(1) }) == [.frozen])
  }

  @Test func noiseAndDropsAreNoComplaint() throws {
    let source = FaultySource(MadeSource { scenePicture($0) }, faults: [SourceFault(.noise, start: 1, duration: 100)])
    #expect(try complaints(source).isEmpty)
  }

  @Test func tinyPicturesAreNoTrouble() throws {
    #expect(
      try complaints(MadeSource { scenePicture($0, width: 2, height: 2) }).isSubset(of: [.covered, .frozen, .blurred]))
  }
}

@Suite struct FaultySourceTests {
  @Test func namesAreParsed() throws {
    #expect(try SourceFault(parsing: "freeze@5s") == SourceFault(.freeze, start: 5))
    #expect(try SourceFault(parsing: "noise@1.5s+2s") == SourceFault(.noise, start: 1.5, duration: 2))
    for wrong in ["freeze", "freeze@", "melt@5s", "freeze@-1s", "freeze@5s+", "freeze@nan", "@", ""] {
      #expect(throws: CaptureError.self) { try SourceFault(parsing: wrong) }
    }
  }

  @Test func signalsGoAndComeBack() throws {
    let source = FaultySource(
      MadeSource { scenePicture($0, width: 64, height: 48) },
      faults: [
        SourceFault(.disconnect, start: 1, duration: 1), SourceFault(.stall, start: 3, duration: 1),
        SourceFault(.drops, start: 5, duration: 1),
      ])
    var reasons: [String] = []
    var last: Frame?
    for _ in 0..<210 {
      switch try source.next(timeout: 0) {
      case .frame(let frame): last = frame
      case .noSignal(let reason, _): if reasons.last != reason { reasons.append(reason) }
      default: break
      }
    }
    #expect(reasons == ["the camera is disconnected, retrying", "no frames from the camera"])
    #expect(last?.driverDrops == 15)
  }
}
