import Capture
import Ground
import Pipeline
import Vision

/// What waits for the recorder's thread. Bounded: pictures go before results, and both are counted.
final class RecorderQueue: Sendable {
  enum Item: Sendable {
    /// A result; without its picture when there was no room for it.
    case frame(FrameResult, hasPicture: Bool)
    case event(SessionEvent)
    case setRecording(Bool)
    case record(to: String)
    case close
  }

  private struct State: Sendable {
    var items: [Item] = []
    /// Whether frames and events are of any use now.
    var isOpen: Bool
    /// Whether recording was asked for last; drops are counted from there.
    var isRequested = false
    var pictures = 0
    var pictureBytes = 0
    var results = 0
    var drops = RecordingDrops()
    /// Stands in for pictures that were dropped, so that their memory is free while the result waits.
    var blank: Image?
  }

  private let state: Monitor<State>
  private let maximumPictures: Int
  private let maximumPictureBytes: Int
  private let maximumResults: Int
  /// Events are small and rare; a source that floods them loses the newest.
  private static let maximumItems = 20_000

  init(_ configuration: RecordingConfiguration) {
    state = Monitor(State(isOpen: configuration.preTriggerSeconds > 0))
    maximumPictures = configuration.queuedPictures
    maximumPictureBytes = configuration.queuedPictureBytes
    maximumResults = configuration.queuedResults
  }

  /// Nanoseconds that a file's frames wait for room: they can be had later, a camera's cannot.
  private static let patience: Int64 = 2_000_000_000

  /// Never waits for a live source's frames; those of files wait a while for room, so that a fast playback loses nothing.
  func put(_ result: FrameResult) {
    guard state.withLock({ $0.isOpen }) else { return }
    if result.frame.mediaTime != nil {
      let bytes = RecorderQueue.bytes(of: result)
      _ = state.wait(
        timeout: RecorderQueue.patience,
        until: { !$0.isOpen || hasRoom(for: bytes, in: $0) && $0.results < maximumResults || $0.pictures == 0 },
        then: { _ in })
    }
    state.update { state in
      guard state.results < maximumResults else {
        state.drops.results += 1
        state.drops.pictures += 1
        return
      }
      let bytes = RecorderQueue.bytes(of: result)
      let fits = hasRoom(for: bytes, in: state)
      var kept = result
      if fits {
        state.pictures += 1
        state.pictureBytes += bytes
      } else {
        state.drops.pictures += 1
        kept.frame.jpeg = nil
        kept.frame.image = blank(like: result.frame.image, &state)
      }
      state.results += 1
      state.items.append(.frame(kept, hasPicture: fits))
    }
  }

  private func hasRoom(for bytes: Int, in state: State) -> Bool {
    state.pictures < maximumPictures && state.pictureBytes + bytes <= maximumPictureBytes
  }

  private func blank(like image: Image, _ state: inout State) -> Image {
    if let blank = state.blank, blank.width == image.width, blank.height == image.height { return blank }
    guard let blank = Image.grey(image.width, image.height) else { return image }
    state.blank = blank
    return blank
  }

  func put(_ item: Item) {
    state.update { state in
      switch item {
      case .event where !state.isOpen || state.items.count >= RecorderQueue.maximumItems: return
      case .setRecording(let on):
        if on && !state.isRequested { state.drops = RecordingDrops() }
        state.isRequested = on
        if on { state.isOpen = true }
      case .record:
        state.drops = RecordingDrops()
        state.isRequested = true
        state.isOpen = true
      default: break
      }
      state.items.append(item)
    }
  }

  /// What a picture's memory weighs while it waits.
  private static func bytes(of result: FrameResult) -> Int {
    result.frame.image.storage.bytes.count + (result.frame.jpeg?.storage.bytes.count ?? 0)
  }

  /// Everything that waits, after waiting at most `timeout` nanoseconds for something; empty when nothing came.
  ///
  /// What is taken still counts as waiting until ``finished(_:)`` is told.
  func take(timeout: Int64) -> [Item] {
    state.wait(timeout: timeout, until: { !$0.items.isEmpty }) { state in
      let items = state.items
      state.items = []
      state.items.reserveCapacity(items.count)
      return items
    } ?? []
  }

  /// Gives an item's room back.
  func finished(_ item: Item) {
    guard case .frame(let result, let hasPicture) = item else { return }
    state.update { state in
      state.results -= 1
      if hasPicture {
        state.pictures -= 1
        state.pictureBytes -= RecorderQueue.bytes(of: result)
      }
    }
  }

  /// Lets frames and events in, or turns them away; a switch that waits unseen decides otherwise.
  func setOpen(_ open: Bool) {
    state.update { state in
      state.isOpen = open
      for item in state.items {
        switch item {
        case .setRecording(true), .record: state.isOpen = true
        case .setRecording(false), .frame, .event, .close: break
        }
      }
    }
  }

  var drops: RecordingDrops { state.withLock { $0.drops } }
}
