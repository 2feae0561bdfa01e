using TenantIdP.Demo.Pages;

namespace TenantIdP.Demo.SampleApp;

internal sealed record MyWorkspace(string Id, string Slug, string DisplayName, IReadOnlyList<string> Roles, bool Current);

/// <summary>The workspaces of the organization as a form: a choice refreshes the tokens into the one that was chosen.</summary>
internal static class WorkspaceSwitcher
{
    /// <summary>Leaves the workspace for the organization as a whole.</summary>
    private const string Whole = "none";

    /// <summary>Nothing where the organization has none for this person, or the list could not be loaded.</summary>
    public static Html Card(Visitor visitor, IReadOnlyList<MyWorkspace>? workspaces) => Html.When(workspaces is { Count: > 0 }, () => Html.Of($"""
        <section class="card" aria-labelledby="workspaces"><h2 id="workspaces">Workspaces</h2>
          <p class="muted">Of {visitor.OrganizationName}. In one of them, its roles come to those of the organization.</p>
          <form method="post" action="/switch" class="stack">{Choice(Whole, "the whole organization", "", visitor.WorkspaceId is null)}{Html.Join(workspaces!.Select(one => Choice(one.Id, one.DisplayName, string.Join(", ", one.Roles), one.Id == visitor.WorkspaceId)))}</form>
        </section>
        """)); // not null: the condition has just asked

    private static Html Choice(string value, string name, string roles, bool current) => current
        ? Html.Of($"""<div class="button person" aria-current="true"><span><span>{char.ToUpperInvariant(name[0]) + name[1..]}</span> <span class="muted small">You work here{(roles.Length == 0 ? "" : " · " + roles)}</span></span></div>""")
        : Html.Of($"""<button class="button person" name="workspace" value="{value}"><span><span>Work in {name}</span> <span class="muted small">{roles}</span></span></button>""");
}
