"""nbgrader's settings for this course; run nbgrader in this folder.

nbgrader generate_assignment a1_temperature    # once: tells the gradebook what to grade
nbgrader autograde a1_temperature              # submitted/STUDENT/a1_temperature/a1_temperature.ipynb
nbgrader export                                # grades.csv
"""

import os
import sysconfig

c = get_config()  # noqa: F821

# nbgrader calls `alembic` by name; this finds it where the environment is not activated.
_scripts = sysconfig.get_path("scripts")
if _scripts not in os.environ.get("PATH", "").split(os.pathsep):
    os.environ["PATH"] = os.pathsep.join([_scripts, os.environ.get("PATH", "")])

c.CourseDirectory.course_id = "effcv"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "assignments"

# What a student finds in place of an answer.
c.ClearSolutions.code_stub = {"python": 'raise NotImplementedError("write your answer here")'}
c.ClearSolutions.text_stub = "*Write your answer here.*"

# A submission with a cell deleted, edited or copied is mended and flagged instead of stopping the run.
c.OverwriteCells.add_missing_cells = True
c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.ClearOutput",
    "effcv_lab.grading.intake.Intake",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# What students get back shows no hidden test, and nothing of a submission acts in it.
c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "effcv_lab.grading.feedback.ForStudents",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]
c.GenerateFeedback.exporter_class = "effcv_lab.grading.feedback_page.FeedbackPage"

# All graded cells of an assignment take under 30 s on two cores; one cell gets at most this.
c.Execute.timeout = 60
