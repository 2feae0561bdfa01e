using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Workspaces;

/// <summary>What a request calls a workspace: its id, or its slug in an organization that is known. What is neither names none.</summary>
public readonly record struct WorkspaceName(Id<Workspace>? Id, Slug? Slug)
{
    public const string Parameter = "workspace";

    /// <summary>Leaves the workspace. No slug is like it, and it serves clients that send no empty parameters.</summary>
    public const string None = "none";

    public static WorkspaceName Of(string text)
    {
        if (Id<Workspace>.TryParse(text, out var id)) return new(id, null);
        return Kernel.Slug.TryParse(text, out var slug) ? new(null, slug) : default;
    }

    public static WorkspaceName? Of(Id<Workspace>? id) => id is { } known ? new WorkspaceName(known, null) : null;

    /// <summary>Whether the parameter asks for no workspace.</summary>
    public static bool IsNone(string text) => text is "" or None;
}
