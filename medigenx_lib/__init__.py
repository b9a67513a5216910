"""MediGenX: generate chest radiographs with GANs and write radiomics-informed text about them.

Teaching material. Nothing here is for clinical use. The rooms, from the ground up::

    errors, settings, files, weights          what everything stands on
    cases                                     Case, Findings, Finding: the record that flows
    phantom, datasets, preprocessing          where cases come from
    segmentation, radiomics, gan/, text/      what learns, measures and writes
    evaluation/, interop                      what scores, and how results leave
    pipeline, pages                           the whole way from a film to a checked report
    __main__                                  the command line
"""

__version__ = "0.1.0"
