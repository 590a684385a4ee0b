# Run inside the virtual machine by busybox' shell: streams from the kernel's own test drivers while faults are injected
# into them, and checks what the program says of it, as JSON and on its screen. Prints "ok NAME" or "FAILED NAME: why",
# a line "row|…" for each fault's measurements, and exits with the failures' number.
probe=/camera/camera-probe
program=/camera/ocellus
failures=0
out=/tmp/out

verdict() { # NAME CONDITION-STATUS WHY
  if [ "$2" = 0 ]; then echo "ok $1"; else echo "FAILED $1: $3"; failures=$((failures + 1)); fi
}

# ---- Pictures of every kind of format, by the capture room alone ------------------------------------------------------

picture() { # DEVICE SIZE FOURCC EXPECTED-FORMAT
  $probe watch $1 4 $2 $3 > $out 2>&1
  tail -2 $out | grep '^frame' > $out.frame
  [ "$(grep -c '^frame' $out)" -ge 3 ] && grep -q "format=$4 size=$2 " $out.frame
  verdict "picture $3 $2" $? "no frames of $4: $(tail -1 $out)"
  # The eight bars of the test picture, each darker than the one before it.
  sed 's/.*bars=//' $out.frame | awk -F, '{ for (i = 2; i <= 8; i++) if ($i >= $(i - 1)) exit 1 }'
  verdict "bars of $3 $2" $? "$(cat $out.frame)"
}

# ---- The program, running through all the faults of a driver ----------------------------------------------------------

# Starts the program on DEVICE, with JSON on standard output (MODE json) or as the dashboard on a terminal (MODE screen).
start() { # MODE DEVICE [OPTIONS]
  mode=$1; shift
  : > $out; : > $out.errors
  options="--size 640x480 --classifier none --health off --source $*"
  if [ $mode = json ]; then
    $program run --headless --json $options > $out 2> $out.errors &
    pid=$!
  else
    rm -f /tmp/keys; mkfifo /tmp/keys
    SHELL=/bin/sh /camera/script -qfc "stty cols 120 rows 36; exec $program $options" $out < /tmp/keys > /dev/null 2>&1 &
    exec 4> /tmp/keys
  fi
  within 60 has_picture || { verdict "$mode: first picture" 1 "$(tail -2 $out.errors)"; return 1; }
  [ $mode = json ] || { pid=$(pidof ocellus); within 10 whole_screen $1; verdict "screen: all panes" $? "no '$missing'"; }
  sleep 2
  descriptors=$(ls /proc/$pid/fd | wc -l); threads=$(ls /proc/$pid/task | wc -l)
}

# The program must still be the one that was started, with no more than it held then.
stop() {
  kill -0 $pid
  verdict "$mode: never restarted" $? "the program has ended: $(tail -2 $out.errors)"
  now="$(ls /proc/$pid/fd | wc -l) descriptors, $(ls /proc/$pid/task | wc -l) threads"
  [ "$(ls /proc/$pid/fd | wc -l)" -le "$descriptors" ] && [ "$(ls /proc/$pid/task | wc -l)" -le "$threads" ]
  verdict "$mode: nothing leaked ($now)" $? "it had $descriptors and $threads"
  if [ $mode = json ]; then kill -INT $pid; else printf q >&4; fi
  within 10 gone
  verdict "$mode: ends" $? "it goes on"
  [ $mode = json ] || exec 4>&-
  [ $mode = json ] || cp $out /tmp/dashboard
  kill $pid 2> /dev/null
}

gone() { ! kill -0 $pid 2> /dev/null; }

within() { # SECONDS COMMAND…
  n=$(($1 * 5)); shift
  while [ $n -gt 0 ]; do "$@" && return 0; sleep 0.2; n=$((n - 1)); done
  return 1
}

# The text of the screen: painted anew, without the escape sequences.
screen() {
  at=$(wc -c < $out)
  printf '\014' >&4
  sleep 1
  tail -c +$((at + 1)) $out | tr -d '\r' | sed 's/\x1b\[[0-9;?]*[a-zA-Z]//g; s/\x1b[()][A-Z0-9]//g'
}

has_picture() {
  if [ $mode = json ]; then tail -n +$((mark + 1)) $out | grep -q '"frame":'
  else screen > $out.screen; grep -q 'fps' $out.screen && ! grep -qE 'NO SIGNAL|no signal from|opening' $out.screen; fi
}

# Whether TEXT is said since the fault: in a JSON report, or in the screen's header or event list.
is_said() {
  if [ $mode = json ]; then tail -n +$((mark + 1)) $out | grep '"state":"no_signal"' | grep -qF "$1"
  else screen > $out.screen; grep -qF "$(echo "$1" | cut -c1-22)" $out.screen; fi
}

# While there is no picture: that there is none, and how old the one is that still stands there.
is_unmistakable() { screen > $out.screen; grep -q 'NO SIGNAL' $out.screen && grep -q 'this picture is' $out.screen; }

# What the dashboard must have on its screen while all is well.
whole_screen() { # DEVICE
  screen > $out.screen
  for text in ocellus "$1" 640x480 age fps picture detections latency rates models; do
    grep -q "$text" $out.screen || { missing=$text; return 1; }
  done
}

counter() { # NAME: "damaged" or "driver"
  grep '"frame":' $out | tail -1 | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"
}

has_risen() { # COUNTER BEFORE
  now=$(counter $1)
  [ "${now:-0}" -gt "${2:-0}" ]
}

# Injects a fault, waits until it is said (or counted), and until pictures come again.
fault() { # NAME INJECTION TEXT-OR-COUNTER [RELEASE]
  mark=$(wc -l < $out)
  before=$(counter "${3#+}")
  (sh -c "$2") > /tmp/injection 2>&1
  case $3 in
    +*) # Counted, and at most a moment's trouble: the figures are in the JSON.
      [ $mode = screen ] || within 25 has_risen "${3#+}" "$before" ;;
    -) sleep 3 ;;
    *) within 25 is_said "$3" ;;
  esac
  said=$?
  verdict "$mode: $1: said" $said "'$3' was not (injection: $(tail -1 /tmp/injection); $(tail -1 $out.errors))"
  if [ $mode = screen ] && [ -n "$4" ] && [ "${3#+}" = "$3" ]; then
    within 15 is_unmistakable
    verdict "screen: $1: stands across the old picture" $? "$(grep -a 'SIGNAL' $out.screen | head -3)"
  fi
  [ -z "$4" ] || sh -c "$4" > /tmp/injection 2>&1
  [ $mode = screen ] || within 40 is_streaming
  within 40 has_picture
  verdict "$mode: $1: recovered" $? "no picture ($(tail -1 $out | cut -c1-200); injection: $(tail -1 /tmp/injection))"
  [ $mode = screen ] || row "$1" "$before" "${3#+}"
}

# Whether the last that was said of the source is that it streams, and frames came after that.
is_streaming() {
  tail -n +$((mark + 1)) $out | awk '/"state":/ { bad = /no_signal/; n = 0 } /"frame":/ { n++ } END { exit bad || n == 0 }'
}

# What the JSON says of the fault since the last one.
reported=0
row() { # NAME COUNTER-BEFORE COUNTER
  tail -n +$((reported + 1)) $out > $out.part
  reported=$(wc -l < $out)
  field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\"}]*\)[\",}].*/\1/p"; }
  first=$(grep '"state":"no_signal"' $out.part | head -1 | sed 's/.*"outage_s":\([0-9.]*\).*/\1/')
  shown=$(grep '"state":"no_signal"' $out.part | field reason | grep -F "$3" | head -1)
  back=$(grep '"state":"streaming"' $out.part | sed 's/.*"outage_s":\([0-9.]*\).*/\1/' | sort -n | tail -1)
  rise=
  case $3 in damaged | driver) rise="$3 +$(($(counter $3) - ${2:-0}))" ;; esac
  echo "row|$1|$first|$shown|$back|$rise"
}

control() { echo "$probe set $1 $2"; }

vivid_faults() { # DEVICE
  fault "damaged buffer" "$(control $1 inject_v4l2_buf_flag_error=1)" +damaged
  fault "QBUF fails once" "$(control $1 inject_vidioc_qbuf_error=1)" -
  fault "fatal streaming error" "$(control $1 inject_fatal_streaming_error=1)" "the camera's driver failed"
  fault "REQBUFS fails once" \
    "$(control $1 inject_vidioc_reqbufs_error=1); $(control $1 inject_fatal_streaming_error=1)" "the camera"
  fault "STREAMON fails once" \
    "$(control $1 inject_vidioc_streamon_error=1); $(control $1 inject_fatal_streaming_error=1)" "the camera"
  fault "drops" "$(control $1 percentage_of_dropped_buffers=60); sleep 4" +driver "$(control $1 percentage_of_dropped_buffers=0)"
  fault "stalled stream" "$(control $1 percentage_of_dropped_buffers=100)" "no frames from the camera" \
    "$(control $1 percentage_of_dropped_buffers=0)"
  drops=$(counter driver)
  fault "sequence wraps" "$(control $1 wrap_sequence_number=1); $(control $1 inject_fatal_streaming_error=1)" "the camera's driver failed"
  if [ $mode = json ]; then
    sleep 8
    # An emulated machine is late now and then; a wrap taken for a gap would be billions.
    [ $(($(counter driver) - drops)) -lt 1000 ]
    verdict "no drops across the wrap" $? "$(tail -1 $out)"
  fi
  $probe set $1 wrap_sequence_number=0
  driver=/sys/bus/platform/drivers/vivid
  # The node stays and its users get ENODEV, until the last of them has closed it: under a second, too short for the banner.
  fault "unplugged, back on the same node" "$(control $1 disconnect=1)" "the camera is disconnected"
  # A descriptor that somebody keeps open holds the number, so that the camera comes back under another one.
  sleep 300 < $(ls /dev/video* | head -1) &
  holder=$!
  fault "unplugged, node gone, back under another number" "echo vivid.0 > $driver/unbind; sleep 2" \
    "the camera is disconnected" "echo vivid.0 > $driver/bind"
  if [ $mode = json ]; then
    grep -h 'came back as /dev/video' $out.errors | tail -1
    grep -q 'came back as /dev/video' $out.errors
    verdict "json: the other number is said" $? "$(tail -3 $out.errors)"
  fi
  kill $holder
}

uvc_faults() {
  webcam() { echo "printf $1 > /tmp/cable"; }
  # A few, since one that is late on a busy machine is passed over before anybody looks into it.
  fault "JPEG cut short" "for i in 1 2 3 4 5; do $(webcam t); sleep 0.3; done" +damaged
  fault "JPEG of noise" "for i in 1 2 3 4 5; do $(webcam c); sleep 0.3; done" +damaged
  # uvcvideo keeps a picture with the error bit to itself.
  fault "error bit" "$(webcam e)" -
  fault "empty buffer" "$(webcam n)" -
  fault "failed transfer" "for i in 1 2 3; do $(webcam x); sleep 1; done" +damaged
  fault "dead stream (five failed transfers)" "$(webcam X)" "the camera"
  fault "stalled stream" "$(webcam s)" "no frames from the camera" "$(webcam g)"
  fault "unplugged, back on the same node" "$(webcam u)" "the camera is disconnected" "sleep 2; $(webcam p)"
  sleep 300 < "$(ls /dev/video* | head -1)" &
  holder=$!
  fault "unplugged, node gone, back under another number" "$(webcam u)" "the camera is disconnected" "sleep 2; $(webcam p)"
  kill $holder
}

node() { for video in /dev/video*; do $probe watch $video 0.1 > /dev/null 2>&1 && echo $video && return; done; }

if [ -e /camera/vivid ]; then
  $program devices > $out; head -40 $out
  grep -q 'YUYV' $out && grep -q 'control brightness' $out && $program devices --json | grep -q '"fourCC":"YUYV"'
  verdict "devices are listed" $? "$(head -3 $out)"
  # vivid counts time its own way unless told to stamp at the start of the exposure.
  $probe set /dev/video0 timestamp_source=1
  for format in "YUYV yuyv" "NV12 nv12" "GREY gray8" "RGB3 rgb24" "RGBP rgb24" "BA81 rgb24"; do
    set -- $format
    picture /dev/video0 640x480 $1 $2
    picture /dev/video0 1280x720 $1 $2
  done
  for format in Y10 Y12 Y16; do picture /dev/video0 640x480 $format gray8; done
  for mode in json screen; do
    mark=0; reported=0
    device=$(node)
    start $mode $device --control timestamp_source=1 && vivid_faults $device
    stop
  done
  device=$(node)
  $probe reconnect $device 1000 > $out 2>&1
  cat $out
  [ "$(sed -n 's/^before //p' $out)" = "$(sed -n 's/^after 1000 reconnects //p' $out)" ] && grep -q '^after 1000' $out
  verdict "nothing leaked after 1000 reconnects" $? "$(cat $out)"
  # The same for the whole program: its threads, its descriptors, and what it says of each.
  mark=0; reported=0; reconnects=250
  start json $device
  memory=$(awk '/VmRSS/ { print $2 }' /proc/$pid/status)
  # As many as it takes: one that comes while the camera is away is lost.
  tries=0
  while [ "$(grep -c '"state":"streaming"' $out)" -lt $reconnects ] && [ $tries -lt 40 ]; do
    $probe disturb $device 25 400
    tries=$((tries + 1))
  done
  sleep 2
  back=$(grep -c '"state":"streaming"' $out)
  [ "$back" -ge $reconnects ]
  verdict "json: $back reconnects of the program" $? "$(tail -1 $out)"
  echo "json: memory $memory kB before, $(awk '/VmRSS/ { print $2 }' /proc/$pid/status) kB after"
  stop
  $probe watch $device 14 640x480 > /tmp/first 2>&1 &
  sleep 3
  $program run --headless --json --source $device --frames 1 > $out 2>&1
  grep -q 'in use by camera-probe (process' $out
  verdict "second client: the first is named" $? "$(cat $out)"
fi

if [ -e /camera/hdmi ]; then
  for mode in json screen; do
    mark=0; reported=0
    start $mode /dev/video0 --control timestamp_source=1
    fault "no signal at the input" "$(control /dev/video0 dv_timings_signal_mode=1)" "no signal at the camera's input" \
      "$(control /dev/video0 dv_timings_signal_mode=0)"
    fault "no synchronisation at the input" "$(control /dev/video0 dv_timings_signal_mode=2)" \
      "no synchronisation at the camera's input" "$(control /dev/video0 dv_timings_signal_mode=0)"
    stop
  done
fi

if [ -e /camera/uvc ]; then
  /camera/webcam /tmp/cable /camera/pictures/*.jpg &
  sleep 3
  $program devices
  picture $(node) 640x480 MJPG yuv420
  for mode in json screen; do
    mark=0; reported=0
    start $mode $(node) && uvc_faults
    stop
  done
  printf q > /tmp/cable
fi

# What the last dashboard showed, for people to look at.
[ ! -s /tmp/dashboard ] || cat /tmp/dashboard > /dev/ttyS2
exit $failures
