using TenantIdP.Core;
using TenantIdP.Scim;
using TenantIdP.Scim.Bulk;
using TenantIdP.Scim.Responses;

namespace TenantIdP.Server.Scim;

/// <summary>Many operations in one request (RFC 7644 3.7), each a change of its own: those that were done stay done when a later one fails.</summary>
internal static class BulkEndpoint
{
    public static void MapBulk(this RouteGroupBuilder directory) => directory.MapPost("/Bulk", RunAsync);

    private static async Task<ScimAnswer> RunAsync(IEnumerable<ScimResources> types, ScimRequest scim, IdpDbContext db, CancellationToken ct)
    {
        var body = await scim.ReadBodyAsync(ct);
        if (!body.IsOk) return ScimAnswer.Of(body.Error);
        var read = BulkRequest.Read(body.Value, scim.Options.Bulk);
        if (!read.IsOk) return ScimAnswer.Of(read.Error);
        using var request = read.Value;
        var (run, all) = (new BulkRun(request), types.ToList());
        while (run.TryNext(out var step))
        {
            run.Complete(step, await DoAsync(all, step, ct));
            db.ChangeTracker.Clear(); // what one operation has read is no other's
        }

        return ScimAnswer.Ok(json => run.Write(json, scim.BaseAddress));
    }

    private static async Task<BulkOutcome> DoAsync(List<ScimResources> types, BulkStep step, CancellationToken ct)
    {
        if (types.Find(t => t.Type.Endpoint == step.Endpoint) is not { } type) return BulkOutcome.Failed(ScimErrors.NotFound("endpoint", step.Endpoint));
        var answer = step.Method switch
        {
            BulkMethod.Post => await type.CreateAsync(step.Data, Projection.Default, ct),
            BulkMethod.Put => await type.ReplaceAsync(step.Id!, step.Data, step.Version, Projection.Default, ct), // every method but POST has an id
            BulkMethod.Patch => await type.PatchAsync(step.Id!, step.Data, step.Version, Projection.Default, ct), // as above
            BulkMethod.Delete => await type.DeleteAsync(step.Id!, step.Version, ct), // as above
        };
        return new BulkOutcome(answer.Status, answer.ResourceId ?? step.Id, answer.Location, answer.ETag, answer.Error);
    }
}
