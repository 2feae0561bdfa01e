using System.Text.Json.Nodes;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Server.Management;

namespace TenantIdP.Server.Configuration;

/// <summary>Directories by their name. Their tokens are in no file: a new one lets nobody in until a token is made by the API.</summary>
internal sealed class DirectoryConfig(DirectoryService directories, DirectoryDeletion deletion) : ConfigKind
{
    private const string State = "state";
    private const string Status = "status";

    public static readonly ConfigSchema Kind = new("directories", "directory", DisplayName.Clean,
    [
        new(State, Shape.Choice(ConfigJson.ToTexts<DirectoryStatus>())),
        new("outsideDomains", Shape.Choice(ConfigJson.ToTexts<OutsideDomains>())),
        new("correlateBy", Shape.Choice(ConfigJson.ToTexts<CorrelateBy>())),
        new("ownsProfile", Shape.Flag),
        new("defaultRole", Shape.Text),
        new("customAttributes", Shape.ListOf(
            Shape.Whole(
                new("name", Shape.Text), new("type", Shape.Choice(ConfigJson.ToTexts<DirectoryAttributeType>())), new("multiValued", Shape.Flag), new("caseExact", Shape.Flag), new("description", Shape.Text)),
            "name")),
    ]);

    public override ConfigSchema Schema => Kind;

    public override async Task<IReadOnlyList<ConfigItem>> ReadAsync(Id<Organization> owner, CancellationToken ct) =>
        [.. (await ConfigJson.AllAsync(page => directories.ListAsync(owner, page, ct))).Select(Of)];

    public override async Task<Result> CreateAsync(Id<Organization> owner, ConfigEdit edit, CancellationToken ct)
    {
        var values = edit.Patch.DeepClone().AsObject();
        values.Remove(State);
        values["displayName"] = edit.Wanted.Key;
        var request = ConfigJson.To<CreateDirectoryRequest>(values);
        if (!request.IsOk) return request.Error;
        var made = await directories.CreateClosedAsync(owner, request.Value.ToSettings(), Granter.Instance, ct);
        if (!made.IsOk) return made.Error;
        return edit.Patch[State] is { } state ? await ChangeAsync(owner, made.Value.Id, new JsonObject { [State] = state.DeepClone() }, null, ct) : Result.Ok;
    }

    public override Task<Result> UpdateAsync(Id<Organization> owner, ConfigItem seen, ConfigEdit edit, CancellationToken ct) =>
        ChangeAsync(owner, Id<OrganizationDirectory>.Parse(seen.Id, null), edit.Patch.DeepClone().AsObject(), seen.Version, ct);

    public override async Task<Result> DeleteAsync(Id<Organization> owner, ConfigItem seen, CancellationToken ct) =>
        (await deletion.DeleteAsync(owner, Id<OrganizationDirectory>.Parse(seen.Id, null), seen.Version, ct)).WithoutValue();

    private async Task<Result> ChangeAsync(Id<Organization> owner, Id<OrganizationDirectory> id, JsonObject values, int? expectedVersion, CancellationToken ct)
    {
        if (values.Remove(State, out var state)) values[Status] = state?.DeepClone();
        var changes = ConfigJson.To<DirectoryChanges>(values);
        return changes.IsOk ? (await directories.UpdateAsync(owner, id, changes.Value, Granter.Instance, expectedVersion, ct)).WithoutValue() : changes.Error;
    }

    private static ConfigItem Of(OrganizationDirectory d)
    {
        var response = ConfigJson.Of(d.Settings);
        response[State] = ConfigJson.ToNode(d.Status);
        return new ConfigItem(d.DisplayName, ConfigProperties.Canonical(response, Kind.Properties)) { Id = d.Id.ToString(), Version = d.Version };
    }
}
