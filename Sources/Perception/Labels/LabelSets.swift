/// Well-known lists of class names, for networks that carry none.
public enum LabelSets {
  /// The 80 classes of COCO's detection challenge, without gaps.
  public static let coco: [String] = coco91.filter { !$0.isEmpty && $0 != "background" }

  /// COCO's category numbers 0...90: 0 is the background, 11 numbers were never used (empty).
  public static let coco91 = split(
    """
    background; person; bicycle; car; motorcycle; airplane; bus; train; truck; boat; traffic light; fire hydrant; ;
    stop sign; parking meter; bench; bird; cat; dog; horse; sheep; cow; elephant; bear; zebra; giraffe; ; backpack;
    umbrella; ; ; handbag; tie; suitcase; frisbee; skis; snowboard; sports ball; kite; baseball bat; baseball glove;
    skateboard; surfboard; tennis racket; bottle; ; wine glass; cup; fork; knife; spoon; bowl; banana; apple; sandwich;
    orange; broccoli; carrot; hot dog; pizza; donut; cake; chair; couch; potted plant; bed; ; dining table; ; ; toilet;
    ; tv; laptop; mouse; remote; keyboard; cell phone; microwave; oven; toaster; sink; refrigerator; ; book; clock;
    vase; scissors; teddy bear; hair drier; toothbrush
    """)

  /// Pascal VOC's 20 classes.
  public static let voc = split(
    """
    aeroplane; bicycle; bird; boat; bottle; bus; car; cat; chair; cow; diningtable; dog; horse; motorbike; person;
    pottedplant; sheep; sofa; train; tvmonitor
    """)

  /// ImageNet's 1000 classes (ILSVRC 2012).
  public static let imageNet = split(ImageNetNames.text)

  /// The 15 classes of DOTA v1.0, of Ultralytics' oriented detectors.
  public static let dota = split(
    """
    plane; ship; storage tank; baseball diamond; tennis court; basketball court; ground track field; harbor; bridge;
    large vehicle; small vehicle; helicopter; roundabout; soccer ball field; swimming pool
    """)

  /// The 19 classes of Cityscapes that are evaluated.
  public static let cityscapes = split(
    """
    road; sidewalk; building; wall; fence; pole; traffic light; traffic sign; vegetation; terrain; sky; person; rider;
    car; truck; bus; train; motorcycle; bicycle
    """)

  /// The 150 classes of ADE20K's scene parsing challenge (SegFormer, UPerNet, Mask2Former).
  public static let ade20k = split(
    """
    wall; building; sky; floor; tree; ceiling; road; bed; windowpane; grass; cabinet; sidewalk; person; earth; door;
    table; mountain; plant; curtain; chair; car; water; painting; sofa; shelf; house; sea; mirror; rug; field; armchair;
    seat; fence; desk; rock; wardrobe; lamp; bathtub; railing; cushion; base; box; column; signboard; chest of drawers;
    counter; sand; sink; skyscraper; fireplace; refrigerator; grandstand; path; stairs; runway; case; pool table; pillow;
    screen door; stairway; river; bridge; bookcase; blind; coffee table; toilet; flower; book; hill; bench; countertop;
    stove; palm; kitchen island; computer; swivel chair; boat; bar; arcade machine; hovel; bus; towel; light; truck;
    tower; chandelier; awning; streetlight; booth; television receiver; airplane; dirt track; apparel; pole; land;
    bannister; escalator; ottoman; bottle; buffet; poster; stage; van; ship; fountain; conveyer belt; canopy; washer;
    plaything; swimming pool; stool; barrel; basket; waterfall; tent; bag; minibike; cradle; oven; ball; food; step;
    tank; trade name; microwave; pot; animal; bicycle; lake; dishwasher; screen; blanket; sculpture; hood; sconce; vase;
    traffic light; tray; ashcan; fan; pier; crt screen; plate; monitor; bulletin board; shower; radiator; glass; clock;
    flag
    """)

  private static let table: [(name: String, labels: [String])] = [
    ("coco", coco), ("coco91", coco91), ("voc", voc), ("voc21", ["background"] + voc), ("imagenet", imageNet),
    ("imagenet1001", ["background"] + imageNet), ("dota", dota), ("cityscapes", cityscapes),
    ("ade20k", ade20k),
  ]

  /// The names that a manifest's `labels` may give instead of a list.
  public static var names: [String] { table.map(\.name) }

  /// The set of that name.
  public static func named(_ name: String) -> [String]? { table.first { $0.name == name.lowercased() }?.labels }

  /// The usual names of a detector's `count` classes; empty when no known set has that many.
  static func detector(_ count: Int) -> [String] {
    switch count {
    case 80: coco
    case 20: voc
    case 91, 90: coco91
    default: []
    }
  }

  /// The usual names of a classifier's `count` classes.
  static func classifier(_ count: Int) -> [String] {
    switch count {
    case 1000: imageNet
    case 1001: ["background"] + imageNet
    default: []
    }
  }

  /// Class names that a network can have.
  static let most = 100_000
  /// What is said where a file gives more.
  static let beyond = "class names beyond the first \(most) are not used"

  /// One name a line, trailing blank lines and carriage returns dropped. At most ``most`` of 200 letters, and one
  /// more where there are more.
  static func lines(_ text: String) -> [String] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).prefix(most + 1).map { line in
      String(line.filter { $0 != "\r" }.prefix(200))
    }
    while lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }

  /// Names as they can be shown: at most ``most`` of 200 letters, without characters that steer a terminal.
  static func shown(_ names: [String]) -> [String] {
    names.prefix(most).map { name in
      guard name.utf8.count > 200 || name.unicodeScalars.contains(where: steers) else { return name }
      var view = String.UnicodeScalarView()
      for scalar in name.unicodeScalars.prefix(200) { view.append(steers(scalar) ? "\u{FFFD}" : scalar) }
      return String(view)
    }
  }

  /// What is to be said of names that are given.
  static func warnings(_ names: [String]) -> [String] {
    names.count > most ? [beyond] : []
  }

  private static func steers(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: true
    // Marks that turn the direction of writing change what stands around them.
    case .format: (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
    default: false
    }
  }

  private static func split(_ text: String) -> [String] {
    text.split(separator: ";", omittingEmptySubsequences: false).map { part in
      part.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
    }
  }
}
