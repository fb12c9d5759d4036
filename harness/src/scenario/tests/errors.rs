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
    (
        "unknown invariant is waived",
        "waive: {flor: because}\nsteps:\n- apply: rollout.yaml\n  expect: {phase: Healthy}\n",
    ),
    ("given is missing", "given: [service.yml]\nsteps:\n- apply: rollout.yaml\n  expect: {phase: Healthy}\n"),
    ("manifest is broken", "steps:\n- apply: broken.yaml\n  expect: {phase: Healthy}\n"),
    ("manifest is no object", "steps:\n- apply: my.yaml\n  expect: {phase: Healthy}\n"),
    (
        "all at once",
        "releases: new\nsteps:\n- apply: rolout.yaml\n  expect: {}\n- name: x\n- hold: {}\n  abort: {}\n  retry: {}\n",
    ),
];

const THE_CHANGE: &[(&str, &str)] = &[
    ("use is missing", "{set: {spec.replicas: 3}}"),
    ("unknown key", "{use: rollout.yaml, sets: {spec.replicas: 3}}"),
    ("set is a list", "{use: rollout.yaml, set: [spec.replicas]}"),
    ("set is empty", "{use: rollout.yaml, kind: Rollout, set: {}}"),
    ("no file", "{use: rolout.yaml, set: {spec.replicas: 3}}"),
    ("a number", "3"),
    ("past the end", "{use: rollout.yaml, set: {'spec.strategy.canary.steps[8].setWeight': 40}}"),
    ("through a number", "{use: rollout.yaml, set: {spec.replicas.min: 40}}"),
    ("one letter", "[service.yaml, {use: rollout.yaml, set: {spec.replica: 40}}]"),
    ("nothing to remove", "{use: rollout.yaml, set: {spec.paused: null}}"),
    ("another kind", "{use: rollout.yaml, set: {kind: Deployment}}"),
    ("no name", "{use: rollout.yaml, set: {metadata.name: 3}}"),
    ("unknown kind", "{use: two.yaml, kind: Rolout, set: {spec.replicas: 3}}"),
    ("unknown name", "{use: two.yaml, kind: Rollout, name: fisrt, set: {spec.replicas: 3}}"),
    ("which of two", "{use: two.yaml, set: {spec.replicas: 3}}"),
    ("no rollout", "[rollout.yaml, {use: services.yaml, set: {spec.replicas: 3}}]"),
    ("all that is wrong", "{use: rollout.yaml, set: {spec.replica: 3, 'spec.strategy.canary.steps[9]': 1}}"),
];

const THE_KNOWN: &[(&str, &str)] = &[
    ("no issue", "{shows: {step: update, silent: true}}"),
    ("empty issue", "{issue: '', shows: {step: update, silent: true}}"),
    ("no sign", "{issue: 7}"),
    ("nothing shows", "{issue: 7, shows: {}}"),
    ("only a step", "{issue: 7, shows: {step: update}}"),
    ("two ways", "{issue: 7, shows: {step: update, silent: true, refused: x}}"),
    ("unknown way", "{issue: 7, shows: {step: update, silnt: true}}"),
    ("no range", "{issue: 7, releases: new, shows: {step: update, silent: true}}"),
    ("a range beyond the scenario", "{issue: 7, releases: '<1.4', shows: {step: update, silent: true}}"),
    ("unknown step", "{issue: 7, shows: {step: updat, silent: true}}"),
    ("ambiguous step", "{issue: 7, shows: {step: look on, silent: true}}"),
    ("no step", "{issue: 7, shows: {silent: true}}"),
    ("not silent", "{issue: 7, shows: {step: update, silent: false}}"),
    ("no claim", "{issue: 7, shows: {step: update, breaks: expect}}"),
    ("a claim that is not there", "{issue: 7, shows: {step: update, breaks: 'never[2]'}}"),
    ("a claim that counts from one", "{issue: 7, shows: {step: update, breaks: 'never[0]'}}"),
    ("a claim of the whole", "{issue: 7, shows: {breaks: 'never[1]'}}"),
    ("broken by what", "{issue: 7, shows: {step: update, breaks: hold}}"),
    ("broken by nothing", "{issue: 7, shows: {step: update, breaks: 'through[1]', instead: {phase: Paused}}}"),
    ("instead of nothing", "{issue: 7, shows: {step: silence, instead: {phase: Paused}}}"),
    ("an empty state", "{issue: 7, shows: {step: update, instead: {}}}"),
    (
        "a state that differs by release",
        "{issue: 7, shows: {step: update, instead: {phase: [{when: '>1.9', is: Paused}]}}}",
    ),
    ("unknown invariant", "{issue: 7, shows: {invariant: flor, says: x}}"),
    ("an invariant that says nothing", "{issue: 7, shows: {invariant: floor}}"),
    ("an invariant of a step", "{issue: 7, shows: {step: update, invariant: floor, says: x}}"),
    ("says without invariant", "{issue: 7, shows: {step: update, silent: true, says: x}}"),
    ("a case where there are none", "{issue: 7, cases: [few], shows: {step: update, silent: true}}"),
    ("steps that would never run", "{issue: 7, shows: {step: 'set image rollouts-demo=a:c', silent: true}}"),
];

fn knowing(known: &str) -> String {
    let steps = "\
- set-image: {container: rollouts-demo, image: 'a:c'}
  name: silence
- set-image: {container: rollouts-demo, image: 'a:c'}
- observe: {}
  expect: {phase: Paused}
- observe: {}
  expect: {phase: Paused}
- name: update
  set-image: {container: rollouts-demo, image: 'a:b'}
  through: [{phase: Progressing}]
  expect: {phase: Paused}
  hold: {reconciles: 2}
  never: [{phase: Degraded}]
";
    format!("releases: '>=1.4'\nknown: [{known}]\n{}", with_steps(steps))
}

const THE_BREAK: &[(&str, &str)] = &[
    ("no name", "{step: update, action: {abort: {}}}"),
    ("empty name", "{name: '', step: update, action: {abort: {}}}"),
    ("nothing is broken", "{name: x, step: update}"),
    ("two changes", "{name: x, step: update, action: {abort: {}}, manifest: {set: {spec.replicas: 3}}}"),
    ("nothing turns red", "{name: x, action: {abort: {}}}"),
    ("two turn red", "{name: x, step: update, invariant: floor, action: {abort: {}}}"),
    ("unknown step", "{name: x, step: updat, action: {abort: {}}}"),
    ("unknown invariant", "{name: x, invariant: flor, action: {abort: {}}}"),
    ("unknown case", "{name: x, step: update, case: one, action: {abort: {}}}"),
    ("a figure of the expectation", "{name: x, step: update, expect: {phase: Healthy}}"),
    ("an expectation as action", "{name: x, step: update, action: {abort: {}, expect: {phase: Healthy}}}"),
    ("no action", "{name: x, step: update, action: {}}"),
    ("two actions", "{name: x, step: update, action: {abort: {}, retry: {}}}"),
    ("an action that is wrong", "{name: x, step: update, action: {set-image: {container: a, image: ''}}}"),
    ("an action without braces", "{name: x, step: update, action: {abort: }}"),
    ("an action with an unknown file", "{name: x, step: update, action: {apply: rolout.yaml}}"),
    ("instead of which action", "{name: x, invariant: floor, action: {abort: {}}}"),
    ("in an unknown step", "{name: x, step: update, in: updte, action: {abort: {}}}"),
    ("too late", "{name: x, step: 'apply Rollout rollouts-demo', in: update, action: {abort: {}}}"),
    ("no set", "{name: x, step: update, manifest: {kind: Rollout}}"),
    ("past the end", "{name: x, step: update, manifest: {set: {'spec.strategy.canary.steps[8]': 1}}}"),
    ("no change", "{name: x, step: update, manifest: {set: {spec.replicas: 5}}}"),
    ("no such manifest", "{name: x, step: update, manifest: {kind: Service, set: {spec.replicas: 3}}}"),
    ("not in that step", "{name: x, step: update, in: update, manifest: {set: {spec.replicas: 3}}}"),
    ("not given", "{name: x, step: update, in: given, manifest: {set: {spec.replicas: 3}}}"),
    ("one name for two", "{name: x, step: update, action: {abort: {}}}, {name: x, step: update, action: {retry: {}}}"),
];

fn breaking(breaks: &str) -> String {
    let update = "- name: update\n  set-image: {container: rollouts-demo, image: 'a:b'}\n  expect: {phase: Paused}\n";
    format!("breaks: [{breaks}]\n{}", with_steps(update))
}

fn applying(files: &str) -> String {
    whole(&format!("steps:\n- apply: {files}\n  on: rollouts-demo\n  expect: {{phase: Healthy}}\n"))
}

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
#[case::the_known("the_known", THE_KNOWN, knowing)]
#[case::the_break("the_break", THE_BREAK, breaking)]
#[case::the_change("the_change", THE_CHANGE, applying)]
fn what_is_wrong_is_told(#[case] group: &str, #[case] table: &[(&str, &str)], #[case] file: fn(&str) -> String) {
    let other =
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: other}\nspec: {strategy: {blueGreen: {}}}\n";
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n";
    let two = ["first", "second"].map(|name| other.replace("name: other", &format!("name: {name}"))).join("---\n");
    let services = ["a", "b"].map(|name| service.replace("name: s", &format!("name: {name}"))).join("---\n");
    let files = [
        ("other.yaml", other),
        ("two.yaml", &two),
        ("service.yaml", service),
        ("services.yaml", &services),
        ("broken.yaml", "kind: Rollout\n  name: x\n"),
    ];
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
