using System.Reflection;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

/// <summary>Errors that an operation answers although they belong to a capability that its handler does not name.</summary>
internal sealed record FurtherErrors(IReadOnlyList<Error> Errors);

internal static class OperationErrors
{
    public static TBuilder WithErrors<TBuilder>(this TBuilder endpoint, params Error[] errors) where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new FurtherErrors(errors));

    /// <summary>
    /// The codes an operation can answer, by status: those of the edge that its shape can run into, and those of the capabilities that its handler names by its parameters,
    /// as far as a request of its method can cause them.
    /// </summary>
    public static SortedDictionary<int, SortedSet<string>> Of(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var codes = new SortedDictionary<int, SortedSet<string>>();
        var method = context.Description.HttpMethod ?? HttpMethods.Get;
        var (reads, posts, parameters) = (HttpMethods.IsGet(method), HttpMethods.IsPost(method), operation.Parameters ?? []);
        var (hasPath, hasQuery) = (parameters.Any(p => p.In == ParameterLocation.Path), parameters.Any(p => p.In == ParameterLocation.Query));
        var pages = parameters.Any(p => p.Name == Paging.AfterParameter);

        Add(EdgeProblems.InvalidRequest, EdgeProblems.Unauthenticated, EdgeProblems.InvalidToken, EdgeProblems.RateLimited, EdgeProblems.ServerError, EdgeProblems.Unavailable);
        if (hasPath || hasQuery) Add(EdgeProblems.ParameterInvalid, EdgeProblems.MalformedRequest);
        if (pages) AddErrors(Paging.LimitInvalid, PageErrors.CursorInvalid, FieldChoice.Unknown);
        if (pages && parameters.Any(p => p.Name == Sorting.Parameter)) AddErrors(Sorting.Invalid, Sorting.PeriodInvalid);
        if (!reads) Add(EdgeProblems.MalformedRequest, EdgeProblems.RequestTimeout, EdgeProblems.RequestTooLarge, EdgeProblems.UnsupportedMediaType, EdgeProblems.UnsupportedCharset, EdgeProblems.TextInvalid);
        if (operation.RequestBody is not null) Add(EdgeProblems.MalformedJson, EdgeProblems.UnknownField, EdgeProblems.ValidationFailed);
        if (posts) Add(EdgeProblems.KeyInvalid, EdgeProblems.KeyInUse, EdgeProblems.KeyReused);
        AddErrors(Access((context.Description.ActionDescriptor.EndpointMetadata.OfType<AccessRequirement>().LastOrDefault() ?? AccessRequirement.Nobody).Kind));
        if (parameters.Any(p => p.Name == ManagementAccess.OrganizationParameter)) AddErrors(OrganizationErrors.NotFound);
        if (parameters.Any(p => p.Name == "If-Match")) AddErrors(VersionErrors.Mismatch);
        if (!reads) AddErrors(VersionErrors.ChangedMeanwhile);
        if (operation.RequestBody is not null) AddErrors(NameErrors.Invalid, Metadata.Invalid, Metadata.TooLarge);

        foreach (var further in context.Description.ActionDescriptor.EndpointMetadata.OfType<FurtherErrors>()) AddErrors([.. further.Errors]);
        foreach (var error in Declared(context.Description.ActionDescriptor.EndpointMetadata))
        {
            var possible = error.Status switch
            {
                StatusCodes.Status404NotFound => hasPath || operation.RequestBody is not null,
                StatusCodes.Status400BadRequest => !reads || hasQuery,
                _ => !reads,
            };
            if (possible) One(error.Status, error.Code);
        }

        return codes;

        void Add(params ReadOnlySpan<EdgeProblem> problems)
        {
            foreach (var problem in problems) One(problem.Status, problem.Code);
        }

        void AddErrors(params ReadOnlySpan<Error> errors)
        {
            foreach (var error in errors) One(Problems.Status(error.Kind), error.Code);
        }

        void One(int status, string code)
        {
            if (!codes.TryGetValue(status, out var known)) codes[status] = known = new SortedSet<string>(StringComparer.Ordinal);
            known.Add(code);
        }
    }

    private static Error[] Access(AccessKind kind) => kind switch
    {
        AccessKind.Instance => [ManagementErrors.ScopeMissing, ManagementErrors.OperatorRequired, ManagementErrors.InteractionRequired],
        AccessKind.Organization => [ManagementErrors.ScopeMissing, ManagementErrors.InteractionRequired, ManagementErrors.OperatorRequired, ManagementErrors.PermissionMissing("resource:action")],
        AccessKind.User => [ManagementErrors.OpenIdMissing, ManagementErrors.UserRequired, ManagementErrors.InteractionRequired],
    };

    private static IEnumerable<CataloguedError> Declared(IList<object> metadata)
    {
        var handler = metadata.OfType<MethodInfo>().LastOrDefault();
        var owners = (handler?.GetParameters() ?? []).SelectMany(p => Named(p.ParameterType)).ToHashSet(StringComparer.Ordinal);
        var services = (handler?.GetParameters() ?? []).Select(p => p.ParameterType.Name).ToHashSet(StringComparer.Ordinal);
        return ErrorCatalogue.All.Where(e => owners.Contains(e.Owner) && (e.Source.EndsWith("Errors", StringComparison.Ordinal) || services.Contains(e.Source)));
    }

    /// <summary>The capability of a service of Core; of a service of ours, those that it is made of.</summary>
    private static IEnumerable<string> Named(Type type)
    {
        if (type.IsGenericType) return type.GetGenericArguments().SelectMany(Named);
        var space = type.Namespace ?? "";
        if (IsCapability(space)) return [space];
        return type.Assembly == typeof(OperationErrors).Assembly && !type.IsEnum
            ? type.GetConstructors().SelectMany(c => c.GetParameters()).Select(p => p.ParameterType.Namespace ?? "").Where(IsCapability)
            : [];
    }

    private static bool IsCapability(string space) =>
        space.StartsWith("TenantIdP.Core.", StringComparison.Ordinal) && space != typeof(Error).Namespace && space != typeof(Lease).Namespace && space != "TenantIdP.Core.Tokens";
}
