"""Services that run code as a role, and the actions by which one makes them.

Source: the public catalogue of escalation paths pathfinding.cloud.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Launch:
    """A service that runs code as a role: actions that start something new, or change what runs.

    All of one set are needed; `passes` says whether the role must be passed for it, and `itself`
    whether what runs is itself the resource of the action.
    """

    service: str
    actions: tuple[str, ...]
    passes: bool = True
    itself: bool = True


LAUNCHES = (
    Launch("lambda.amazonaws.com", ("lambda:CreateFunction", "lambda:InvokeFunction")),
    Launch("lambda.amazonaws.com", ("lambda:CreateFunction", "lambda:CreateEventSourceMapping")),
    Launch("lambda.amazonaws.com", ("lambda:CreateFunction", "lambda:AddPermission")),
    Launch("ec2.amazonaws.com", ("ec2:RunInstances",)),
    Launch("ec2.amazonaws.com", ("ec2:RequestSpotInstances",)),
    Launch("cloudformation.amazonaws.com", ("cloudformation:CreateStack",)),
    Launch("cloudformation.amazonaws.com", ("cloudformation:CreateStackSet",)),
    Launch("codebuild.amazonaws.com", ("codebuild:CreateProject", "codebuild:StartBuild")),
    Launch("ecs-tasks.amazonaws.com", ("ecs:RegisterTaskDefinition", "ecs:RunTask")),
    Launch("ecs-tasks.amazonaws.com", ("ecs:RegisterTaskDefinition", "ecs:CreateService")),
    Launch("ecs-tasks.amazonaws.com", ("ecs:RegisterTaskDefinition", "ecs:UpdateService")),
    Launch("glue.amazonaws.com", ("glue:CreateDevEndpoint",)),
    Launch("glue.amazonaws.com", ("glue:CreateJob", "glue:StartJobRun")),
    Launch("glue.amazonaws.com", ("glue:CreateJob", "glue:CreateTrigger")),
    Launch("glue.amazonaws.com", ("glue:CreateSession", "glue:RunStatement")),
    Launch("sagemaker.amazonaws.com", ("sagemaker:CreateNotebookInstance",)),
    Launch("sagemaker.amazonaws.com", ("sagemaker:CreateTrainingJob",)),
    Launch("sagemaker.amazonaws.com", ("sagemaker:CreateProcessingJob",)),
    Launch("tasks.apprunner.amazonaws.com", ("apprunner:CreateService",)),
    Launch("lambda.amazonaws.com", ("lambda:UpdateFunctionCode",), passes=False),
    Launch("codebuild.amazonaws.com", ("codebuild:StartBuild",), passes=False),
    Launch("cloudformation.amazonaws.com", ("cloudformation:UpdateStack",), passes=False),
    Launch("ec2.amazonaws.com", ("ssm:StartSession",), passes=False),
    Launch("ec2.amazonaws.com", ("ssm:SendCommand",), passes=False),
    Launch("ecs-tasks.amazonaws.com", ("ecs:ExecuteCommand",), passes=False, itself=False),
    Launch("glue.amazonaws.com", ("glue:UpdateJob",), passes=False),
    Launch(
        "sagemaker.amazonaws.com", ("sagemaker:CreatePresignedNotebookInstanceUrl",), passes=False
    ),
    Launch("tasks.apprunner.amazonaws.com", ("apprunner:UpdateService",), passes=False),
)
