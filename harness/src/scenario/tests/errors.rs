//! Every error as a person reads it, one snapshot each.

use rstest::rstest;

use super::{load_beside, with_steps};

const THE_FILE: &[(&str, &str)] = &[
    ("empty file", ""),
    ("two documents", "title: a\n---\ntitle: b\n"),
    ("a list", "- title: a\n"),
    ("broken bracket", "title: [a\n"),
    ("broken indent", "title: t\nmust: m\n  steps: []\n"),
    ("unknown key", "titel: t\nmust: m\nsteps: []\n"),
    ("missing key", "title: t\nsteps:\n- observe: {}\n"),
    ("key twice", "title: t\ntitle: u\nmust: m\nsteps: []\n"),
    ("empty texts", "title: ''\nmust: ''\nsteps:\n- apply: rollout.yaml\n  expect: {phase: Healthy}\n"),
    ("no steps", "title: t\nmust: m\nsteps: []\n"),
    ("steps is a number", "title: t\nmust: m\nsteps: 7\n"),
    ("unknown capability", "title: t\nmust: m\nneeds: [kublet]\nsteps: []\n"),
    ("unknown profile", "title: t\nmust: m\nprofile: extra\nsteps: []\n"),
    ("unknown alias", "title: t\nmust: *m\nsteps: []\n"),
];

const THE_ACTION: &[(&str, &str)] = &[
    ("unknown key", "- name: x\n  observ: {}\n"),
    ("state key in step", "- abort: {}\n  phase: Degraded\n"),
    ("no action", "- name: x\n  expect: {phase: Healthy}\n"),
    ("two actions", "- abort: {}\n  retry: {}\n  expect: {phase: Healthy}\n"),
    ("action without braces", "- abort:\n  expect: {phase: Degraded}\n"),
    ("action is a word", "- promote: true\n  expect: {phase: Healthy}\n"),
    ("unknown skip", "- promote: {skip: al}\n  expect: {phase: Healthy}\n"),
    ("full and skip", "- promote: {full: true, skip: all}\n  expect: {phase: Healthy}\n"),
    ("unknown controller action", "- controller: stop\n  expect: {phase: Healthy}\n"),
    ("scale below zero", "- scale: {replicas: -1}\n  expect: {phase: Healthy}\n"),
    ("image is missing", "- set-image: {container: rollouts-demo}\n  expect: {phase: Paused}\n"),
    ("image is empty", "- set-image: {container: rollouts-demo, image: ''}\n  expect: {phase: Paused}\n"),
    ("image is null", "- set-image: {container: rollouts-demo, image: }\n  expect: {phase: Paused}\n"),
    ("unknown container", "- set-image: {container: rollout-demo, image: a:b}\n  expect: {phase: Paused}\n"),
    ("merge is a list", "- patch: {merge: [1]}\n  expect: {phase: Paused}\n"),
    ("unknown subresource", "- patch: {subresource: state, merge: {a: 1}}\n  expect: {phase: Paused}\n"),
    ("which object", "- patch: {kind: Service, merge: {a: 1}}\n  expect: {phase: Paused}\n"),
    ("no annotation", "- annotate: {annotations: {}}\n  expect: {phase: Paused}\n"),
    ("revision of a rollout", "- delete: {revision: 1}\n  expect: {phase: Paused}\n"),
    ("name and revision", "- delete: {kind: ReplicaSet, name: a, revision: 1}\n  expect: {phase: Healthy}\n"),
    ("undo too far", "- undo: {to-revision: 3}\n  expect: {phase: Paused}\n"),
    ("no change of pods", "- pods: {revision: 1}\n  expect: {phase: Healthy}\n"),
    ("no gate of pods", "- pods: {revision: 1, gate: {}}\n  expect: {phase: Healthy}\n"),
    ("two changes of pods", "- pods: {revision: 1, ready: false, exit: 1}\n  expect: {phase: Healthy}\n"),
    ("which pods", "- pods: {ready: false}\n  expect: {phase: Healthy}\n"),
    ("pods of no revision yet", "- pods: {revision: 2, ready: false}\n  expect: {phase: Healthy}\n"),
    ("no pod", "- pods: {revision: 1, count: 0, exit: 1}\n  expect: {phase: Healthy}\n"),
    ("delete and count", "- pods: {revision: 1, count: 1, delete: all}\n  expect: {phase: Healthy}\n"),
    ("delete how many", "- pods: {revision: 1, delete: some}\n  expect: {phase: Healthy}\n"),
    ("why pods wait", "- pods: {revision: 1, waiting: ErrImagePul}\n  expect: {phase: Healthy}\n"),
    ("no exit code", "- pods: {revision: 1, exit: 256}\n  expect: {phase: Healthy}\n"),
    ("no name of a metric", "- metric: {value: 1}\n- observe: {}\n  expect: {phase: Healthy}\n"),
    ("no path", "- metric: {name: a b, value: 1}\n- observe: {}\n  expect: {phase: Healthy}\n"),
    ("no answer", "- metric: {name: a}\n- observe: {}\n  expect: {phase: Healthy}\n"),
    ("no answers", "- metric: {name: a, answers: []}\n- observe: {}\n  expect: {phase: Healthy}\n"),
    (
        "answer and answers",
        "- metric: {name: a, value: 1, answers: [{value: 1}]}\n- observe: {}\n  expect: {phase: Healthy}\n",
    ),
    (
        "answers that are none",
        "- metric: {name: a, answers: [{times: 0}, {status: 99}]}\n- observe: {}\n  expect: {phase: Healthy}\n",
    ),
    ("requests without end", "- metric: {name: a, value: 1}\n  requests: {a: 1}\n"),
    ("no file", "- apply: []\n  expect: {phase: Paused}\n"),
    ("unknown file", "- apply: rolout.yaml\n  expect: {phase: Paused}\n"),
    ("unknown shared file", "- apply: '@nothing'\n  expect: {phase: Paused}\n"),
    ("null in a list", "- apply: rollout.yaml\n  expect: {phase: Healthy}\n  never:\n  -\n"),
    ("boolean word", "- observe: {}\n  same-second: yes\n  expect: {phase: Healthy}\n"),
];

const THE_CLAIM: &[(&str, &str)] = &[
    ("unknown key", "expect: {wieght: {set: 20}}"),
    ("unknown phase", "expect: {phase: healty}"),
    ("unknown phase by release", "expect: {phase: [{when: '>=1', is: healty}]}"),
    ("unknown role", "expect: {revisions: {1: {role: stabel}}}"),
    ("no comparison", "expect: {replicas: {updated: ~ 4}}"),
    ("empty range", "expect: {replicas: {updated: 4..1}}"),
    ("no step index", "expect: {step: 3}"),
    ("step index too large", "expect: {step: 9/8}"),
    ("other number of steps", "expect: {step: 1/6}"),
    ("unknown text comparison", "expect: {message: {contian: x}}"),
    ("two text comparisons", "expect: {message: {contains: x, is: x}}"),
    ("no regular expression", "expect: {message: {matches: '('}}"),
    ("contains of a number", "expect: {replicas: {ready: [{when: '*', contains: '4'}]}}"),
    ("when is missing", "expect: {phase: [{is: Healthy}]}"),
    ("when is no range", "expect: {phase: [{when: new, is: Healthy}]}"),
    ("cases overlap", "expect: {phase: [{when: '>=1.9', is: Healthy}, {when: '<=1.9.2', is: Paused}]}"),
    ("cases leave one out", "expect: {phase: [{when: '>1.9', is: Healthy}, {when: '<1.9', is: Paused}]}"),
    ("cases leave old ones out", "expect: {phase: [{when: '>=1.9', is: Healthy}, {when: '>=1.4, <1.9', is: Paused}]}"),
    ("revision is a word", "expect: {revisions: {one: {pods: 1}}}"),
    ("revision zero", "expect: {revisions: {0: {pods: 1}}}"),
    ("revision too high", "expect: {revisions: {2: {pods: 1}}}"),
    ("was itself", "expect: {revisions: {1: {was: 1}}}"),
    ("was zero", "expect: {revisions: {1: {was: 0}}}"),
    ("empty state", "expect: {}"),
    ("empty never", "expect: {phase: Healthy}\n  never: [{}]"),
    ("empty replicas", "expect: {replicas: {}}"),
    ("gone but healthy", "expect: {exists: false, phase: Healthy}"),
    ("no revision with pods", "expect: {revisions: {1: {exists: false, pods: 2}}}"),
    ("through without expect", "through: [{phase: Healthy}]"),
    ("observe without expect", "never: [{phase: Paused}]"),
    ("hold without expect", "hold: {for: 5s}"),
    ("hold without span", "expect: {phase: Healthy}\n  hold: {}"),
    ("hold twice", "expect: {phase: Healthy}\n  hold: {for: 5s, reconciles: 2}"),
    ("hold over nothing", "expect: {phase: Healthy}\n  hold: {reconciles: 0}"),
    ("no span", "expect: {phase: Healthy}\n  within: 10"),
    ("pause at no pause", "expect: {phase: Healthy}\n  pauses: {4: 1s}"),
    ("pause without end", "expect: {phase: Healthy}\n  pauses: {1: 1s}"),
    ("pause too long", "expect: {phase: Healthy}\n  pauses: {3: 11s}"),
    ("pauses longer than the step", "expect: {phase: Healthy}\n  pauses: {3: 10s, 5: 10s, 7: 10s}"),
    ("unknown rollout", "on: rollout-demo\n  expect: {phase: Healthy}"),
];

const THE_OBJECT: &[(&str, &str)] = &[
    ("no kind", "{name: a}"),
    ("unknown key", "{kind: Service, name: a, field: {a: 1}}"),
    ("nothing demanded", "{kind: Pod, revision: 1}"),
    ("fields of several", "{kind: Pod, revision: 1, fields: {a: 1}}"),
    ("several of one", "{kind: Service, name: a, all: {a: 1}}"),
    ("exists of several", "{kind: Service, exists: true}"),
    ("where without count", "{kind: Pod, where: {a: 1}}"),
    ("gone with fields", "{kind: Service, name: a, exists: false, fields: {a: 1}}"),
    ("empty fields", "{kind: Service, name: a, fields: {}}"),
    ("two ways to say which", "{kind: ReplicaSet, name: a, revision: 1}"),
    ("labels of one", "{kind: ReplicaSet, revision: 1, labels: {a: b}}"),
    ("revision of a Service", "{kind: Service, revision: 1, count: 1}"),
    ("revision zero", "{kind: Pod, revision: 0, count: 1}"),
    ("revision that cannot be", "{kind: ReplicaSet, revision: 7, fields: {spec: {replicas: 1}}}"),
    ("role of a Service", "{kind: Service, role: stable, count: 1}"),
    ("terminating one", "{kind: Service, name: a, terminating: true}"),
    ("no regular expression", "{kind: Service, name: a, fields: {spec: {type: {matches: '('}}}}"),
    ("no expression", "{kind: Service, name: a, cel: object.a ==}"),
    ("unknown variable", "{kind: Service, name: a, cel: objekt.a == 1}"),
    ("unknown function", "{kind: Service, name: a, cel: sizes(object.a) == 1}"),
    ("objects of one", "{kind: Service, name: a, cel: size(objects) == 1}"),
    ("object of several", "{kind: Service, cel: ['true', object.a == 1]}"),
    ("self at the top", "{kind: Service, name: a, cel: self.a == 1}"),
    ("expression is a map", "{kind: Service, name: a, cel: {a: 1}}"),
    ("when is no range", "{kind: Service, name: a, fields: {a: [{when: new, is: 1}]}}"),
    ("cases leave one out", "{kind: Service, name: a, fields: {a: [{when: '>1.9', is: 1}, {when: '<1.9', is: 2}]}}"),
    ("two words by release", "{kind: Service, name: a, fields: {a: [{when: '*', is: 1, contains: a}]}}"),
];

const THE_STATUS: &[(&str, &str)] = &[
    ("phase as status", "expect: {status: Healthy}"),
    ("empty status", "expect: {status: {}}"),
    ("no objects", "expect: {objects: []}"),
    ("status of a condition", "expect: {conditions: {Paused: maybe}}"),
    ("condition is gone", "expect: {conditions: {Paused: {exists: false, reason: x}}}"),
    ("condition key", "expect: {conditions: {Paused: {reson: x}}}"),
    ("hash of what", "expect: {hashes: {canary: 1}}"),
    ("hash of revision zero", "expect: {hashes: {current: 0}}"),
    ("any event", "events: [{}]"),
    ("event key", "events: [{raeson: RolloutUpdated}]"),
    ("event type", "events: [{type: normal}]"),
    ("event releases", "events: [{reason: A, releases: new}]"),
    ("event cases", "events: [{reason: [{when: '>=1.9', is: A}]}]"),
    ("event is a list", "events: [[A]]"),
    ("never any event", "expect: {phase: Healthy}\n  never: [{event: {}}]"),
    ("objects in step", "objects: [{kind: Pod, count: 1}]"),
    ("at with a slip", "at: {fase: Paused}\n  expect: {phase: Healthy}"),
    ("at nothing", "at: {}\n  expect: {phase: Healthy}"),
    ("never times", "repeat: 0\n  expect: {phase: Healthy}"),
];

const THE_WHOLE: &[(&str, &str)] = &[
    ("no range", "releases: new\nsteps: []\n"),
    ("impossible range", "releases: '>1.9, <1.8'\nsteps: []\n"),
    (
        "cases beyond the scenario",
        "releases: '>=1.9'\nsteps:\n- apply: rollout.yaml\n  expect: {phase: [{when: '>=1.10', is: Healthy}]}\n",
    ),
    ("last step expects nothing", "steps:\n- apply: rollout.yaml\n"),
    ("no rollout", "steps:\n- apply: service.yaml\n  expect: {phase: Healthy}\n"),
    (
        "not there yet",
        "steps:\n- observe: {}\n  expect: {phase: Healthy}\n- apply: rollout.yaml\n  expect: {phase: Healthy}\n",
    ),
    (
        "several rollouts",
        "given: [other.yaml]\nsteps:\n- apply: rollout.yaml\n  expect: {phase: Healthy}\n- abort: {}\n  expect: {phase: Healthy}\n",
    ),
    ("step of no steps", "steps:\n- apply: other.yaml\n  expect: {step: 1/8}\n"),
    ("waived without reason", "waive: {floor: ''}\nsteps:\n- apply: rollout.yaml\n  expect: {phase: Healthy}\n"),
    ("given is missing", "given: [service.yml]\nsteps:\n- apply: rollout.yaml\n  expect: {phase: Healthy}\n"),
    ("manifest is broken", "steps:\n- apply: broken.yaml\n  expect: {phase: Healthy}\n"),
    ("manifest is no object", "steps:\n- apply: my.yaml\n  expect: {phase: Healthy}\n"),
    (
        "all at once",
        "releases: new\nsteps:\n- apply: rolout.yaml\n  expect: {}\n- name: x\n- hold: {}\n  abort: {}\n  retry: {}\n",
    ),
];

fn whole(rest: &str) -> String {
    format!("title: t\nmust: It MUST\n{rest}")
}

fn observing(claim: &str) -> String {
    with_steps(&format!("- observe: {{}}\n  {claim}\n"))
}

fn expecting_of_an_object(object: &str) -> String {
    observing(&format!("expect:\n    objects:\n      - {object}"))
}

#[rstest]
#[case::the_object("the_object", THE_OBJECT, expecting_of_an_object)]
#[case::the_status("the_status", THE_STATUS, observing)]
#[case::the_file("the_file", THE_FILE, ToOwned::to_owned)]
#[case::the_action("the_action", THE_ACTION, with_steps)]
#[case::the_claim("the_claim", THE_CLAIM, observing)]
#[case::the_whole("the_whole", THE_WHOLE, whole)]
fn what_is_wrong_is_told(#[case] group: &str, #[case] table: &[(&str, &str)], #[case] file: fn(&str) -> String) {
    let other =
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: other}\nspec: {strategy: {blueGreen: {}}}\n";
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n";
    let files = [("other.yaml", other), ("service.yaml", service), ("broken.yaml", "kind: Rollout\n  name: x\n")];
    let told: Vec<_> = table
        .iter()
        .map(|(name, yaml)| match load_beside(&file(yaml), &files) {
            Ok(_) => panic!("{name}: this must not load"),
            Err(error) => format!("# {name}\n{error}\n"),
        })
        .collect();
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!(group, told.join("\n"));
    });
}
