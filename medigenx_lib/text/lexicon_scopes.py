"""The parser's words for presence and comparison, and those that join and part phrases: see :mod:`.lexicon`."""

from __future__ import annotations

SCOPES = (
    ("query", None, r"(?: is | are )_there (?= .* \? $ )"),
    ("unassessed", "any", r"""
        (?: can_?not | could_not )_be_ (?:\w+_)? (?: assess | evaluat | measur | determin )\w+
        | (?: (?: is | are )_ )? not_ (?:\w+_)? (?: assessable | measurable | evaluable ) | indeterminate
        | (?: (?: is | are )_ )? not_well_ (?: seen | assessed | evaluated | visuali[sz]ed | demonstrated )
        | (?: difficult | hard )_to_ (?: assess | evaluate | determine | measure )
        | (?: limited | suboptimal )_ (?:\w+_)? (?: assessment | evaluation )
        | (?: assessment | evaluation ) (?= _.*\blimited\b )"""),
    ("unassessed", "behind", r"limits?_ (?:\w+_)? (?: assessment | evaluation )"),
    ("hedge", "possible forward", r"""
        (?: possib(?: le | ility ) | unclear | uncertain | unsure | not_ (?: clear | certain | sure ) )_
        (?: that | if | whether )_there_ (?: is | are | may_be )"""),
    ("hedge", "possible any", r"""
        (?: can_?not | could_not | may_not | (?: can | could )n?['’]?t | (?: unable | not_able )_to )_ (?:be_)?
        (?:\w+_)? (?: exclude | rule )d? (?:_out)?
        | not_ (?:\w+_)? (?: excluded? | ruled_out ) | (?: difficult | hard )_to_exclude
        | (?: may | might | could | can )_ (?:easily_)? (?: be_ (?: missed | overlooked | obscured | hidden | masked )
          | not_be_ (?: seen | visible | apparent | evident ) )
        | (?: should | must | could | would_have_to | needs?_to )_be_ (?:also_)? considered
        | (?: is | are )_ (?: a_ | another_ )? (?: consideration | in_the_differential )
        | possible | questionabl[ey] | equivocal | suspected | (?: may | might | could )_be_(?: present | seen )
        | (?: is | are )_questioned | possibly (?= _(?: present | seen ) ) | if_ (?: any | present ) | no_more_than"""),
    ("hedge", "probable any", r"probable | likely | probably (?= _(?: present | seen ) )"),
    ("query", None, r"""
        (?: evaluat\w+ | eval | assess\w* | check | look(?:ing)? )_for | rule_out | r/o | query
        | (?: history | hx )_of | h/o | (?<= to\s ) (?: exclude | rule_out ) | correlat\w+ (?:_\w+){0,2}? _for
        | (?: document | ensure | confirm | demonstrate | establish )_ (?: (?: the | its | complete | full )_ )*
          (?: resolution | clearing ) (?:_of)? | until"""),
    ("hedge", "possible versus", r"versus | vs"),
    ("either", None, r"either (?! _ (?: side | lung | hemithorax | base | apex | pleural | of ) \b )"),
    ("hedge", "possible forward", r"""
        \? | (?: can_?not_be | not )_ (?: sure | certain ) | uncertain | unclear_ (?: if | whether )
        | may | might | could | possibly | possibility | differential | perhaps | potential\w* | suspicion
        | question(?:s | ed | _of)? | concern\w* | worrisome | consider(?:ed | ations? )? | includes?"""),
    ("hedge", "probable forward", r"probably | suggest\w* | presumed | presumably | suspicious | favou?r(?:s | ed)?"),
    ("verb", "is", r"""
        not_only | without_ (?:a_)? doubt | beyond_ (?:\w+_)? doubt | (?: not | never )_without | not_absent
        | not_ (?:\w+ly_)? (?: free | devoid )_(?: of | from ) | no_(?: absence | lack )_of
        | no_doubt (?: _(?: about | of ) )?"""),
    ("certain", None, r"""
        (?<! no\s ) (?<! without\s ) (?<! or\s ) (?<! nor\s ) (?: definite(?:ly)? | certain(?:ly)? )"""),
    ("comparison", "any", r"""
        (?: (?:no_)? (?: partial | incomplete | near(?:ly)?[_-]complete | continued | continuing | further | failure_of
          | lack_of | some | slow | gradual | early | ongoing | significant ) | no )_ (?: interval_ | significant_ )*
          (?: resolution | clearing )_of
        | most_part_ (?: resolved | cleared )
        | (?: (?: is | are )_ )? (?: not | no_longer )_as_ (?: (?: well | much )_ )? \w+ (?: _as_before | _today )?
        | (?: (?: is | are | has | have )_ )? not_ (?:\w+_)? (?: worse\w* | larger | bigger | smaller | increased
          | decreased | improved ) (?! _than_ (?: (?: on_ )? the_ )? (?: right | left ) )
        | (?: is_ | are_ | ha(?:s|ve)_ )? (?: (?: not | (?: ha(?:s|ve) | is | are )n['’]t ) (?: _yet | _fully )?
        | nearly | almost | partly | partially
        | incompletely | largely | mostly ) (?: _completely | _entirely )? _(?: resolved | cleared )
        | (?: is_ | are_ )? not_ (?: (?:\w+_)? changed | (?:\w+_){0,4} different )
        | (?: previously_not | not_previously )_ (?: seen | present | noted )
        | not_ (?: seen | present | noted | there | visible )_ (?: before | previously | earlier
          | on_the_ (?: prior | previous | earlier | last ) )
        | (?: is_ | are_ | appears?_ ) (?:\w+_)? (?: larger | smaller | bigger )
          (?! _than_ (?: normal | (?: (?: on_ )? the_ )? (?: right | left ) ) )
        | ha(?:s|ve)_ (?:\w+_)? (?: increased | decreased | grown | developed | progressed | appeared )
        | ha(?:s|ve) (?= _ (?:\w+_)? enlarged )"""),
    ("negation", "past any", r"""
        no_longer | (?: ha(?:s|ve)_ (?:\w+_)? )? (?: resolved | cleared | disappeared | vanished | gone )"""),
    ("answer", "absent", r"none (?: _of_note )? (?!_of) | nil | neg(?:ative)? (?!_for) | no (?= [.,;)] | \s* \( | $ )"),
    ("negation", "that", r"""
        (?: not_ (?: true | correct | the_case ) | untrue | incorrect | false | wrong | unlikely | doubt(?:ful)? )_that
        (?: _there_ (?: is | are ) )?"""),
    ("negation", "any", r"""
        (?: can_?not | could_not | can['’]?t | couldn['’]?t | unable_to | fail(?:s|ed)?_to )_ (?:be_)? (?:clearly_)?
          (?: see | seen | find | found | show | discern(?:ed)? | (?: demonstrat | appreciat | visuali[sz] ) ed?
        | identif(?: y | ied )
          | detect(?:ed)? )
        | not | far_from | absent | unlikely | improbable | implausible | doubtful | excluded | ruled_out
        | imperceptible | invisible | missing
        | neither (?= _ (?:the_)? (?: lung | side | right | left ) )
        | (?: is | are | was | were | do | does | did | has | have )n['’]?t"""),
    ("negation", "past forward", r"(?: resolution | clearing | disappearance )_of"),
    ("negation", "forward", r"""
        nothing_ (?: to_ (?: suggest | indicate | support ) | suggest(?: s | ing | ive_of ) | indicat(?: es | ing
        | ive_of ) )
        | no | without | w/o | neg(?:ative)?_for | free_(?: of | from ) | devoid_of | bereft_of | argues?_against
        | doubt (?! _about )
        | absence_of | clear_of | neither (?= _side ) | neither
        | nor | never | lack_of | lacks | rules_out | rather_than | excludes? | non
        | none_of_ (?: the | these | those )"""),
    ("comparison", "lasting", r"""
        unchanged | stable | stably | persist\w* | remains? | chronic | improv\w+ | worsen\w+ | new
        | increasing | decreas\w+ | enlarging | resolving | evolving | residual | recurrent | long-?standing"""),
    ("comparison", "any", r"""
        previous\w* | prior | comparison | compared | interval\w* | newly | again
        | re-?demonstrat\w+ | since | progress\w+
        | increas(?: ed | ing )_(?: since | from | compared | in_ (?: size | extent ) ) | increase_in
        | developing | known
        | (?: than | as )_before | earlier | similar(?:ly)? | last_(?: film | study | examination | radiograph )"""),
    ("break", "except", r"""
        (?:with_the_)? except (?: ion_of | ing )? (?:_for)? | (?: aside | apart )_from | other_than | save_for
        | but_for"""),
    ("break", "but", r"""
        but | however | although | though | otherwise
        | whereas | while | in_(?: summary | addition )
        | (?: impression | findings ) (?= : )"""),
    ("break", "there", r"there_(?: is | are | has | have )"),
    ("relative", "which", r"which | whose"),
    ("link", "due", r"(?: secondary | due | related | owing )_to | because_of | by"),
    ("link", "means", r"""
        (?: compatible | consistent | in_keeping )_with | represent (?: s | ing )? | reflect (?: s | ing )?
        | indicating | indicative_of"""),
    ("link", "or", r"and/or"),
    ("link", "with its", r"with_ (?:an?_)? (?: associated | accompanying | resultant | resulting )"),
    ("link", "with", r"""
        with | w/ (?=_) | from | (?: associated | accompanied )_with | accompanied_by | causing | as_well_as | plus"""),
    ("verb", "seen", r"""
        (?: (?: is | are | was | were | ha(?:s|ve)_been )_
            (?: (?! not | again | newly | previously | likely | prob | poss | quest | susp ) \w+_ )? )?
        (?: present | seen | noted | demonstrated | identified | visuali[sz]ed | evident | appreciated | detected )"""),
    ("verb", "is", r"""
        shows? | demonstrates? | projects? | is | are | involves? | appears? | occup\w+ | within (?= _the )"""),
    ("cause", None, r"""
        aspirat\w+ | infect\w+ | inflammat\w+ | muc(?: us | ous | oid ) | reactive | parapneumonic | viral | bacterial
        | ha?emorrhag\w+ | ards"""),
    ("another", None, r"""
        another (?:_one)? (?= _ (?: in | at | on | of )_ )
        | (?: (?<= small\s ) | (?<= large\s ) | (?<= tiny\s ) | (?<= mild\s ) | (?<= smaller\s ) | (?<= larger\s )
          | (?<= basal\s ) | (?<= new\s ) | (?<= similar\s ) ) one (?! _of )"""),
    ("list", "or", r"or"),
    ("list", "and", r"and"),
)  # fmt: skip
