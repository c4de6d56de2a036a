"""Public addresses of policies, health plans and their feeds. The address of a policy has no closing slash."""

from django.urls import path, re_path

from policies import feeds
from policies.views import changes, documents, matrix, plans

app_name = "policies"
urlpatterns = [
    path("policies/", documents.policies, name="policies"),
    path("policies/matrix/", matrix.matrix, name="matrix"),
    path("policies/changes/", changes.changes, name="changes"),
    re_path(r"^policy/(?P<issuer>[-\w]+)/(?P<spelling>[^/]+)/?$", documents.policy, name="policy"),
    path("plans/", plans.plans, name="plans"),
    path("plans/<slug:plan>/", plans.plan, name="plan"),
    path("feeds/policies.atom", feeds.all_policies, name="feed"),
    path("feeds/plan/<slug:plan>.atom", feeds.plan_policies, name="plan_feed"),
    path("feeds/policy/<str:public_id>.atom", feeds.one_policy, name="policy_feed"),
    re_path(r"^feeds/code/(?P<system>[-\w]+)/(?P<code>[^/]+)\.atom$", feeds.code_policies, name="code_feed"),
]
