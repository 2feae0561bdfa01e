using System.Text;
using TenantIdP.Scim.Bulk;
using TenantIdP.Scim.Filters;
using TenantIdP.Scim.Json;
using TenantIdP.Scim.Lists;
using TenantIdP.Scim.Names;
using TenantIdP.Scim.Patches;
using TenantIdP.Scim.Responses;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;

namespace TenantIdP.Scim.Fuzz;

/// <param name="Problem">What should never happen; null when it did not.</param>
/// <param name="Accepted">By how many readers the input was taken.</param>
internal sealed record Outcome(string? Problem, int Accepted);

/// <summary>
/// Gives one input to every public reader. Wrong is: an exception; work out of proportion, counted in bytes allocated; an error without its status and keyword; a filter that does not
/// read back as it is printed; a resource that does not read back as it is written, or has two primary values; a PATCH that changes what is stored.
/// </summary>
internal static class FuzzTarget
{
    private const int MaxBytes = 1024 * 1024;

    /// <summary>Bytes allocated for each byte of input, and for none: an operation copies the resource, and every key of a path-less value is an operation.</summary>
    private const long PerByte = 2000, Flat = 2_000_000;

    private static readonly DateTimeOffset Now = new(2026, 11, 27, 12, 0, 0, TimeSpan.Zero);
    private static readonly ListLimits Limits = new(100, 200, TimeSpan.FromMinutes(10));
    private static readonly ScimResourceType Group = ScimResourceType.Group;

    private static readonly ScimResourceType User = ScimResourceType.UserWith(CustomUserSchema.Create(
    [
        new ScimAttribute("grade", AttributeType.Integer), new ScimAttribute("hired", AttributeType.DateTime), new ScimAttribute("skills") { MultiValued = true }, new ScimAttribute("costKey") { Mutability = Mutability.Immutable },
    ]).Value!); // these are good names

    private static readonly ComplexValue Ann = Stored(User, $$$"""
        {"schemas":["{{{ScimUrns.User}}}"],"userName":"ann","title":"x","active":true,"name":{"givenName":"Ann"},"emails":[{"value":"a","type":"work","primary":true},{"value":"b","type":"home"}],
         "{{{ScimUrns.EnterpriseUser}}}":{"department":"R","manager":{"value":"u9"}},"{{{ScimUrns.CustomUser}}}":{"grade":3,"skills":["go"],"costKey":"k"}}
        """);

    private static readonly ComplexValue Dev = Stored(Group, $$"""{"schemas":["{{ScimUrns.Group}}"],"displayName":"Dev"}""");

    public static Outcome Judge(byte[] input)
    {
        try
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var (problem, accepted) = ((string?)null, 0);
            foreach (var (wrong, taken) in Findings(input))
            {
                problem ??= wrong;
                accepted += taken ? 1 : 0;
            }

            var work = GC.GetAllocatedBytesForCurrentThread() - before;
            return new Outcome(problem ?? (work > Flat + PerByte * input.Length ? $"{work} bytes were allocated for {input.Length}." : null), accepted);
        }
#pragma warning disable CA1031 // Whatever it is, it is what this program looks for.
        catch (Exception thrown)
#pragma warning restore CA1031
        {
            return new Outcome(thrown.ToString(), 0);
        }
    }

    private static ComplexValue Stored(ScimResourceType type, string json)
    {
        var read = ResourceReader.Read(Encoding.UTF8.GetBytes(json), type, MaxBytes);
        return read.IsOk ? read.Value.Resource.Set(CommonAttributes.Id, "1") : throw new InvalidOperationException(read.Error.Detail);
    }

    private static IEnumerable<(string? Wrong, bool Taken)> Findings(byte[] input)
    {
        var text = Encoding.UTF8.GetString(input);
        foreach (var (type, stored) in new[] { (User, Ann), (Group, Dev) })
        {
            yield return OfFilter(text, type, stored);
            yield return OfPath(text, type);
            yield return OfResource(input, type);
            yield return OfPatch(input, type, stored);
        }

        yield return OfSearch(input);
        yield return OfBulk(input);
        yield return OfHeaders(text);
    }

    private static (string?, bool) OfFilter(string text, ScimResourceType type, ComplexValue stored)
    {
        var filter = FilterParser.Parse(text, type);
        if (!filter.IsOk) return (OfError(filter.Error, ScimTypes.InvalidFilter), false);
        FilterEvaluator.Matches(filter.Value, stored);
        var printed = filter.Value.ToString();
        // What Entra writes behind brackets prints longer than it is.
        return (printed.Length > ScimLimits.MaxFilterLength || FilterParser.Parse(printed, type).Value?.ToString() == printed ? null : $"{text} is printed as {printed}.", true);
    }

    private static (string?, bool) OfPath(string text, ScimResourceType type)
    {
        var path = PatchPath.Parse(text, type);
        if (!path.IsOk) return (OfError(path.Error), false);
        var printed = path.Value.ToString();
        return (printed.Length > ScimLimits.MaxPathLength || PatchPath.Parse(printed, type).Value?.ToString() == printed ? null : $"{text} is printed as {printed}.", true);
    }

    private static (string?, bool) OfResource(byte[] input, ScimResourceType type)
    {
        var read = ResourceReader.Read(input, type, MaxBytes);
        if (!read.IsOk) return (OfError(read.Error), false);
        return (OfRoundTrip(read.Value.Resource, type), true);
    }

    private static string? OfRoundTrip(ComplexValue resource, ScimResourceType type)
    {
        resource = resource.Clone();
        resource.Remove(UserSchema.Password);
        foreach (var attribute in type.Schema.Attributes)
        {
            if (resource.Values(attribute).Count(v => v is ComplexValue c && attribute.TryFind("primary", out var primary) && c.Boolean(primary) == true) > 1) return $"{attribute} has two primary values.";
        }

        var written = ScimMessages.ToBytes(json => ResourceWriter.Write(json, resource, type, Projection.Default));
        var again = ResourceReader.Read(written, type, int.MaxValue);
        resource.Remove(CommonAttributes.Id);
        return again.IsOk && ValueEquality.Identical(resource, again.Value.Resource) ? null : $"A resource is written as {Encoding.UTF8.GetString(written.Span)}: {again.Error?.Detail}";
    }

    private static (string?, bool) OfPatch(byte[] input, ScimResourceType type, ComplexValue stored)
    {
        var patch = PatchRequest.Read(input, type, MaxBytes);
        if (!patch.IsOk) return (OfError(patch.Error), false);
        var before = stored.Clone();
        var outcome = patch.Value.Apply(stored);
        if (!ValueEquality.Identical(before, stored)) return ("What is stored was changed.", true);
        if (!outcome.IsOk) return (OfError(outcome.Error), true);
        var (added, removed) = (outcome.Value.Members.Added, outcome.Value.Members.Removed);
        if (removed.Any(id => outcome.Value.Members.TryGetAdded(id, out _)) || added.Any(m => MemberChangeSet.ValueOf(m).Length == 0)) return ("A member is put in and taken away, or has no value.", true);
        return (OfRoundTrip(outcome.Value.Resource, type), true);
    }

    private static (string?, bool) OfSearch(byte[] input)
    {
        var sent = ListParameters.FromSearch(input, MaxBytes);
        if (!sent.IsOk) return (OfError(sent.Error), false);
        var query = ListQuery.Parse(sent.Value, User, Limits, Now);
        return query.IsOk ? (query.Value.Page.Count is < 0 or > 200 ? "A page is larger than allowed." : null, true) : (OfError(query.Error), false);
    }

    private static (string?, bool) OfBulk(byte[] input)
    {
        var read = BulkRequest.Read(input, new BulkLimits(100, MaxBytes));
        if (!read.IsOk) return (OfError(read.Error), false);
        using var request = read.Value;
        var run = new BulkRun(request);
        var (done, completed) = (new HashSet<int>(), new HashSet<int>());
        while (run.TryNext(out var step))
        {
            // A group in a circle gets the members that it lacks by a second step.
            if (!done.Add(step.Index) && (step.Method != BulkMethod.Patch || !completed.Add(step.Index))) return ("An operation is done twice.", true);
            if (step.Method != BulkMethod.Delete) ResourceReader.Read(step.Data, User, MaxBytes);
            run.Complete(step, step.Endpoint == "/Users" ? new BulkOutcome(200, $"id{step.Index}") : BulkOutcome.Failed(ScimErrors.NotFound("User", step.Endpoint)));
        }

        ScimMessages.ToBytes(json => run.Write(json, "https://idp.test"));
        return (null, true);
    }

    private static (string?, bool) OfHeaders(string text)
    {
        ETags.MayChange(text, 7);
        var query = ListQuery.Parse(new ListParameters { Cursor = text, SortBy = text, Count = text, Attributes = [text] }, User, Limits, Now);
        return (query.IsOk ? null : OfError(query.Error), false);
    }

    private static string? OfError(ScimError error, string? type = null) =>
        error.Status is not (400 or 409 or 413) || (error.Status == 400) != error.ScimType is not null || (type is not null && error.ScimType != type) || error.Detail.Length > 600 ? $"An error is {error}." : null;
}
